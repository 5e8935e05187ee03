"""The smallest member of each family of keras.applications; ``python -m tests.compatibility`` tries them all."""

import inspect

import pytest

from tests.compatibility import applications
from tests.compatibility.trial import WRITERS


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
    for kind, outcome in applications.try_application(name, writer).items():
        assert outcome.verdict == "equal", f"{name} as .{kind} of {writer}: {outcome}"
