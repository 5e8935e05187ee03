"""What is kept of an ``AssumptionCheck``, as a schema that is checked when it is read again."""

from typing import Literal

from typing_extensions import TypedDict

from carvis.workspace.json_schema import Count, Listed, Mapped, Number, Share, Texts

RowVerdict = Literal["assumed", "clearly better", "clearly worse", "cannot tell"]
Reason = Literal["", "no image of its classes", "unreadable", "not finite", "too slow"]


class Row(TypedDict):
    """One assumption as ``assumptions.json`` holds it."""

    assumption: str
    value: str
    against: str
    right: Count
    n: Count
    accuracy: Share
    p: Share | None
    verdict: RowVerdict
    reference: Count
    kept: bool | None
    either: bool | None


class Document(TypedDict):
    """What ``assumptions.json`` holds."""

    model: str
    data: str
    splits: Texts
    n: Count
    assumed: Mapped[object]
    table: Listed[Row]
    changes: Mapped[object]
    settled: Mapped[object]
    rivals: Mapped[Texts]
    order: str
    above_chance: bool
    reason: str
    complete: bool
    seconds: Number
