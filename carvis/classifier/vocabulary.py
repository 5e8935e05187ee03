"""The words of a model card: names that the library, the card, the command line and the pages share.

This module loads neither TensorFlow nor Keras. How image files are read and resized is named in ``carvis.images``.
"""

from collections.abc import Iterable
from typing import Literal, TypeVar, get_args

from carvis.errors import CarvisError
from carvis.images import RESIZE_METHODS
from carvis.language import Message

# What is done to pixel values before a model sees them: ``carvis.classifier.preprocessing``.
PreprocessingName = Literal["unit", "caffe", "tf", "torch", "none"]
# What each makes of a model's output x, (N, k), as probabilities; of a single output it is that of the second class.
# - probability: probabilities, used as they are
# - independent: a probability for each class by itself, which need not add up to 1, used as they are
# - share: values that add up to another number than 1: each is divided by the sum
# - logit: scores: softmax, or sigmoid for a single output
# - independent-logit: a score for each class by itself: sigmoid
# - log-probability: logarithms of probabilities: the exponential
# - signed: scores from -1 to 1: (1 + x) / 2
OutputName = Literal["probability", "independent", "share", "logit", "independent-logit", "log-probability", "signed"]
# The scores that heatmaps explain.
ScoreName = Literal["logit", "probability", "log-probability"]

PREPROCESSING_NAMES: tuple[PreprocessingName, ...] = get_args(PreprocessingName)
OUTPUTS: tuple[OutputName, ...] = get_args(OutputName)
SCORES: tuple[ScoreName, ...] = get_args(ScoreName)

_Name = TypeVar("_Name", bound=str)


def known_name(text: str | None, names: Iterable[_Name]) -> _Name | None:
    """Return the name that a text from a card or a person is, None where it is none of them."""
    return next((name for name in names if name == text), None)


def check_input_names(preprocessing: str | None, resize: str, error: type[CarvisError]) -> None:
    """Check the names of a preprocessing, None where it is not known yet, and of a resize method.

    Raises:
        CarvisError: of the type ``error``: one of them is unknown.
    """
    if preprocessing is not None and preprocessing not in PREPROCESSING_NAMES:
        raise error(
            Message(
                "There is no preprocessing {preprocessing}: choose one of {choices}.",
                preprocessing=preprocessing,
                choices=", ".join(PREPROCESSING_NAMES),
            )
        )
    if resize not in RESIZE_METHODS:
        raise error(
            Message(
                "There is no resize method {resize}: choose one of {choices}.",
                resize=resize,
                choices=", ".join(RESIZE_METHODS),
            )
        )
