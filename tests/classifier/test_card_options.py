"""Every choice of a model card has a sentence."""

from carvis.classifier.card_options import CARD_OPTIONS
from carvis.classifier.vocabulary import OUTPUTS, PREPROCESSING_NAMES
from carvis.images.choices import ALPHAS, ORIENTATIONS, RESIZE_METHODS


def test_each_choice_has_a_sentence():
    names = {
        "preprocessing": PREPROCESSING_NAMES,
        "resize": RESIZE_METHODS,
        "alpha": ALPHAS,
        "orientation": ORIENTATIONS,
        "output": OUTPUTS,
    }
    assert {fact: sorted(options) for fact, options in CARD_OPTIONS.items()} == {
        fact: sorted(choices) for fact, choices in names.items()
    }
