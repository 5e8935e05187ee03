"""The command line and the pages offer what the library knows, by the same names."""

import argparse

from carvis.classifier import PREPROCESSING
from carvis.classifier.vocabulary import OUTPUTS, PREPROCESSING_NAMES
from carvis.cli.arguments import add_model_facts
from carvis.images import ALPHAS, ORIENTATIONS, RESIZE_METHODS


def test_every_name_of_a_card_is_a_choice_of_the_command_line():
    parser = argparse.ArgumentParser()
    add_model_facts(parser)
    actions = {action.dest: action for action in parser._actions}
    assert actions["preprocessing"].choices == PREPROCESSING_NAMES == tuple(PREPROCESSING)
    assert actions["output"].choices == OUTPUTS
    assert tuple(actions["resize"].choices) == tuple(RESIZE_METHODS)
    assert tuple(actions["orientation"].choices) == ORIENTATIONS
    assert actions["alpha"].metavar == "{" + ",".join(ALPHAS) + "}"
    for alpha in ALPHAS:
        assert parser.parse_args(["--alpha", alpha]).alpha == alpha
