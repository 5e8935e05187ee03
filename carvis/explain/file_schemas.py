"""Schemas of what is saved beside the arrays of heatmaps and of their faithfulness tests."""

from typing import Annotated, NotRequired

from annotated_types import Ge, Le, Len
from typing_extensions import TypedDict

from carvis.explain.score import Precision, Score
from carvis.explain.status import Status
from carvis.workspace.json_schema import Count, Listed, Number, Positive, Sentence, Texts


class HeatmapFacts(TypedDict):
    """The attributes of a ``Heatmap``; what is not required came with later versions."""

    __pydantic_config__ = {"extra": "forbid"}  # type: ignore[misc]  # noqa: RUF012 pydantic reads it here
    status: Status
    target: Count
    target_name: str
    predicted: Count
    predicted_name: str
    # A model may give NaN or infinity: the status says so. Files have null for them.
    score: float | None
    score_kind: Score
    class_names: Annotated[Texts, Len(1)]
    layer: str
    method: str
    model_name: str
    fingerprint: str
    preprocessing: str
    source: NotRequired[str | None]
    against: NotRequired[Count | None]
    gamma: NotRequired[Number]
    precision: NotRequired[Precision]
    alpha: NotRequired[str]
    orientation: NotRequired[str]
    turn: NotRequired[Annotated[int, Ge(1), Le(8)]]
    notes: NotRequired[Listed[Sentence]]


class _Check(TypedDict):
    layers: Annotated[Texts, Len(1)]
    similarity: Annotated[Listed[float], Len(1)]


class _Rest(TypedDict):
    status: str
    steps: Positive
    fill: str
    seed: int


class _Trials(TypedDict):
    own: Annotated[Listed[float], Len(2, 2)]
    random: Annotated[Listed[float], Len(2, 2)]
    blob: Annotated[Listed[float], Len(2, 2)]


class FaithfulnessFacts(TypedDict):
    """What is saved of the faithfulness of one heatmap."""

    trials: _Trials
    randomisation: _Check | None
    rest: _Rest
