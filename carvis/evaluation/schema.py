"""What ``metrics.json`` of an evaluation holds, as a schema that a file is checked against."""

from typing import Annotated, NotRequired

from annotated_types import Len
from typing_extensions import TypedDict

from carvis.workspace.json_schema import Count, FilePath, Listed, Mapped, Number, Sentence, Share, Texts

FORMAT = 1
# Later versions may write more. pydantic reads this of a TypedDict, which type checkers do not know.
_EXTRA_ALLOWED = {"extra": "allow"}


class Row(TypedDict):
    """The scores of one class; null where undefined."""

    precision: Share | None
    recall: Share | None
    f1: Share | None
    support: Count
    predicted: Count
    mean_confidence: Share | None


class File(TypedDict):
    """A file that was not counted; ``message`` is its reason as it can be said in any language."""

    __pydantic_config__ = _EXTRA_ALLOWED  # type: ignore[misc]
    path: str
    reason: Sentence
    message: NotRequired[Sentence]


class Leak(TypedDict):
    """Duplicates in training, as ``metrics.json`` holds them."""

    __pydantic_config__ = _EXTRA_ALLOWED  # type: ignore[misc]
    copies: Count
    exact: Count
    clean: Count
    correct: Count


class Model(TypedDict):
    """The evaluated model, as ``metrics.json`` describes it."""

    __pydantic_config__ = _EXTRA_ALLOWED  # type: ignore[misc]
    name: str
    class_names: Annotated[Texts, Len(1)]
    file: NotRequired[str | None]
    sha256: NotRequired[str | None]
    fingerprint: NotRequired[str | None]
    input_size: NotRequired[Annotated[Listed[Count | None], Len(2, 2)] | None]
    channels: NotRequired[Count | None]
    preprocessing: NotRequired[str | None]
    resize: NotRequired[str | None]
    alpha: NotRequired[str]
    orientation: NotRequired[str]
    output: NotRequired[str | None]
    assumed: NotRequired[Texts]


class Data(TypedDict):
    """The data set, as ``metrics.json`` describes it."""

    __pydantic_config__ = _EXTRA_ALLOWED  # type: ignore[misc]
    name: str
    path: FilePath | None
    fingerprint: NotRequired[str | None]


class Setup(TypedDict):
    """How an evaluation was made; ``messages`` are its notes as they can be said in any language."""

    __pydantic_config__ = _EXTRA_ALLOWED  # type: ignore[misc]
    model: Model
    dataset: Data
    split: str
    embeddings: NotRequired[str | None]
    created: NotRequired[str]
    versions: NotRequired[Mapped[str]]
    notes: NotRequired[Listed[Sentence]]
    messages: NotRequired[Listed[Sentence]]


class Document(TypedDict):
    """What ``metrics.json`` holds."""

    __pydantic_config__ = _EXTRA_ALLOWED  # type: ignore[misc]
    format: int
    n: Count
    correct: Count
    accuracy: Share
    accuracy_interval: Annotated[Listed[Share], Len(2, 2)]
    top3: Share
    macro_precision: Share
    macro_recall: Share
    macro_f1: Share
    log_loss: Number
    mean_confidence: Share
    per_class: Mapped[Row]
    unreadable: Listed[File]
    left_out: NotRequired[Mapped[Count]]
    not_read: NotRequired[Listed[File]]
    leak: NotRequired[Leak | None]
    setup: Setup
    files: Mapped[str]
