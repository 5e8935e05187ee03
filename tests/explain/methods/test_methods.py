"""Every method has one entry that tells all that the command line and the pages need to know of it."""

import pytest

from carvis.errors import ModelError
from carvis.explain import METHODS
from carvis.explain.methods import attention, cam, gradient, perturbation
from carvis.explain.request import check_method
from carvis.language import localised, speaking


def test_each_entry_is_found_by_its_name():
    entries = [*cam.METHODS, *attention.METHODS, *perturbation.METHODS, *gradient.METHODS]
    assert list(METHODS.values()) == entries and [method.name for method in entries] == list(METHODS)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_an_entry_has_a_sentence_a_paper_and_a_translation(method):
    assert method.sentence.endswith(".") and method.paper in method.caption
    with speaking("ja"):
        assert localised(method.sentence) != method.sentence


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(ModelError, match=r"magic.*grad-cam, grad-cam\+\+"):
        check_method("magic")
