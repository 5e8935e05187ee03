"""The items of a page that cannot be read, collected while it is drawn; ``widgets.unreadable_list`` names them."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TypeVar

from streamlit.delta_generator import DeltaGenerator

from ui.state import problems

KINDS = ("data set", "model", "card", "evaluation", "run", "log", "tags", "names", "result")
A = TypeVar("A")
B = TypeVar("B")


@dataclass
class Unreadable:
    """What a page, or a part of it that is drawn by itself, could not read: problems by kind and name.

    ``slot`` is the place on the page where they are named.
    """

    slot: DeltaGenerator | None = None
    items: dict[tuple[str, str], problems.Problem] = field(default_factory=dict)


on_page: ContextVar[Unreadable | None] = ContextVar("unreadable", default=None)


def add(kind: str, name: str, problem: Exception) -> problems.Problem:
    """Collect one item that cannot be read.

    Args:
        kind: one of ``KINDS``.
        name: by which a person knows it.
    """
    collected = on_page.get()
    earlier = collected.items.get((kind, name)) if collected else None
    described = earlier or problems.described(problem, of_item=True)
    if collected is not None:
        collected.items[kind, name] = described
    return described


@contextlib.contextmanager
def item(kind: str, name: str) -> Iterator[None]:
    """Read one item of several; where that fails it is collected, and the others go on."""
    try:
        yield
    except Exception as problem:
        add(kind, name, problem)


def each(kind: str, items: Mapping[str, A], read: Callable[[A], B]) -> dict[str, B]:
    """Read each item by itself and return those that can be read, in their order; the others are collected."""
    results = {}
    for name, value in items.items():
        with item(kind, name):
            results[name] = read(value)
    return results


def why(kind: str, name: str) -> str:
    """Return why an item cannot be read, empty where nothing is known against it."""
    collected = on_page.get()
    problem = collected.items.get((kind, name)) if collected else None
    return problem.sentence if problem else ""
