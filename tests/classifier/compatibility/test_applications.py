"""The smallest member of each family of keras.applications, the deepest with fewer of their blocks.

``python -m tests.compatibility`` tries all members as they are.
"""

import inspect

import pytest

from tests.compatibility import applications
from tests.compatibility.trial import WRITERS, try_model


def family_of(item) -> str:
    return inspect.getmodule(item).__name__.rpartition(".")[2].replace("vgg19", "vgg16")


@pytest.mark.parametrize("writer", WRITERS)
def test_every_family_has_its_smallest_member_in_the_table(writer):
    space = WRITERS[writer].applications
    families = {family_of(getattr(space, name)) for name in applications.names_of(writer)}
    assert families == {family_of(getattr(space, name)) for name in applications.FAMILIES if hasattr(space, name)}


@pytest.mark.parametrize("name", sorted(applications.FAMILIES))
@pytest.mark.parametrize("writer", WRITERS)
def test_the_smallest_member_of_a_family(writer, name):
    if not hasattr(WRITERS[writer].applications, name):
        pytest.skip(f"{writer} has no {name}")
    for kind, outcome in applications.try_application(name, writer, shallow=True).items():
        assert outcome.verdict == "equal", f"{name} as .{kind} of {writer}: {outcome}"


def test_predictions_that_hardly_differ_prove_nothing():
    def build(library):
        L = library.layers
        layers = [library.Input((4, 4, 3)), L.Flatten(), L.Dense(3, "softmax", kernel_initializer="zeros")]
        return library.Sequential(layers)

    outcomes = try_model(build, "keras 3", prepare=lambda model: None, apart=0.05)
    assert {outcome.verdict for outcome in outcomes.values()} == {"too alike"}
