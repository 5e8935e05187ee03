"""What ``config.json``, ``status.json`` and a line of ``events.jsonl`` of a run hold, as schemas."""

from typing import Annotated, Literal, get_args

from annotated_types import Ge, Gt, Le, Len, Lt
from typing_extensions import TypedDict

from carvis.training.recipes import CachePrecision, FeaturePrecision, RecipeName
from carvis.workspace.json_schema import Count, FilePath, Listed, Mapped, Name, Number, Positive, Share, Texts

State = Literal["queued", "running", "stopping", "finished", "stopped", "crashed"]
STATES: tuple[State, ...] = get_args(State)
ALIVE_STATES: tuple[State, ...] = ("running", "stopping")
# The columns of a history that are numbers.
NUMBERS = (
    "loss",
    "accuracy",
    "val_loss",
    "val_accuracy",
    "learning_rate",
    "images_per_second",
    "seconds",
)
_EXTRA_ALLOWED = {"extra": "allow"}
# Until the year 5138: what clocks can show.
_Time = Annotated[float, Ge(0), Le(1e11)]
_Sides = Annotated[Listed[Positive], Len(2, 2)]


class Config(TypedDict, total=False):
    """Everything that is needed to start a run, as far as it is there: earlier versions knew less."""

    __pydantic_config__ = _EXTRA_ALLOWED  # type: ignore[misc]  # pydantic reads it; mypy expects fields only
    recipe: RecipeName
    data: FilePath
    dataset: str
    dataset_fingerprint: str | None
    awaits_images: bool
    class_names: Annotated[Texts, Len(1)]
    backbone: str | None
    weights: FilePath | None
    parent: FilePath | None
    input_size: _Sides | None
    preprocessing: str | None
    resize: str | None
    alpha: str
    orientation: str
    epochs: Positive
    patience: Positive
    batch_size: Positive
    learning_rate: Annotated[float, Gt(0), Lt(100)]
    label_smoothing: Annotated[float, Ge(0), Lt(1)]
    augment: bool
    views: Count | None
    cache: bool
    cache_precision: CachePrecision
    kept_features: FeaturePrecision | None
    mixed_precision: bool
    jit_compile: bool
    devices: Texts | None
    replay: bool
    seed: Annotated[int, Ge(0), Lt(2**32)]
    width: Positive | None
    head_units: Positive | None
    dropout: Annotated[float, Ge(0), Lt(1)] | None
    open_from: str | None
    name: Name
    created: str
    assumed: Texts


class Status(TypedDict, total=False):
    """What ``status.json`` holds."""

    __pydantic_config__ = _EXTRA_ALLOWED  # type: ignore[misc]  # pydantic reads it; mypy expects fields only
    state: State
    reason: str | None
    pid: Count | None
    started: str | None
    ended: str | None
    updated: str | None
    epoch: Count
    epochs: Count | None
    step: Count
    steps: Count
    best_epoch: Count | None
    best_val_accuracy: Share | None
    model: FilePath | None
    metrics: Mapped[Number | None] | None
    by_signal: bool | None
    behind: str | None
    waits_for: Name | None


class Event(TypedDict, total=False):
    """One line of ``events.jsonl``."""

    __pydantic_config__ = _EXTRA_ALLOWED  # type: ignore[misc]  # pydantic reads it; mypy expects fields only
    kind: str
    time: _Time
    epoch: Count
    step: Count
    steps: Count
    epochs: Count
    pictures: Count
    valid_pictures: Count
    parameters: Count
    trainable: Count
    images: Count
    rows: Count
    total: Count
    memory: Count | None
    loss: Number | None
    accuracy: Number | None
    val_loss: Number | None
    val_accuracy: Number | None
    learning_rate: Number | None
    images_per_second: Number | None
    seconds: Number | None
    best: bool
    state: str | None
    reason: str | None
    model: str | None
