"""``RunConfig``: everything that decides what a run does, as ``config.json`` holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from typing_extensions import TypedDict

from carvis.classifier.vocabulary import PreprocessingName
from carvis.images import USUAL, Alpha, Orientation, Reading, ResizeMethod
from carvis.training.recipes import DEFAULTS, CachePrecision, FeaturePrecision, RecipeName
from carvis.workspace import Workspace

if TYPE_CHECKING:
    from carvis.training.run import Run


class Options(TypedDict, total=False):
    """What a caller may decide about a run; ``train`` says what each means."""

    backbone: str | None
    weights: str | Path | None
    input_size: int | tuple[int, int] | None
    epochs: int | None
    batch_size: int
    learning_rate: float | None
    seed: int
    parent: "str | Path | Run | None"
    augment: bool
    views: int | None
    cache: bool
    cache_precision: CachePrecision
    mixed_precision: bool
    jit_compile: bool
    devices: Sequence[str] | None
    replay: bool
    patience: int | None
    preprocessing: PreprocessingName | None
    resize: ResizeMethod
    label_smoothing: float
    width: int
    head_units: int | None
    dropout: float | None
    open_from: str | None
    name: str | None


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """The complete configuration of a run; ``train`` says what the options mean.

    A field has a default where runs of earlier versions lack it.

    Attributes:
        data: the data set's folder, as ``Workspace.relative`` names it; so are the files ``weights`` and ``parent``.
        awaits_images: whether the training images of the demo are still to be drawn.
        input_size: height and width; None until the parent has been opened.
        views: augmented views of each image; 0 for a new one each epoch.
        kept_features: the precision of the feature cache that the run trains from, None where it has none.
        jit_compile: whether XLA compiles the steps.
        name: of the model file, without its ending.
        assumed: facts that were only assumed about the parent.
    """

    recipe: RecipeName
    data: str
    dataset: str
    dataset_fingerprint: str | None = None
    awaits_images: bool = False
    class_names: tuple[str, ...]
    backbone: str | None
    weights: str | None
    parent: str | None
    input_size: tuple[int, int] | None
    preprocessing: PreprocessingName | None
    resize: ResizeMethod
    alpha: Alpha = USUAL.alpha
    orientation: Orientation = USUAL.orientation
    epochs: int
    patience: int
    batch_size: int
    learning_rate: float
    label_smoothing: float
    augment: bool
    views: int | None = None
    cache: bool = False
    cache_precision: CachePrecision = "auto"
    kept_features: FeaturePrecision | None = None
    mixed_precision: bool = False
    jit_compile: bool = False
    devices: tuple[str, ...] | None = None
    replay: bool = False
    seed: int
    width: int
    head_units: int | None
    dropout: float | None
    open_from: str | None
    name: str
    created: str | None = None
    assumed: tuple[str, ...] = ()

    @classmethod
    def required(cls) -> tuple[str, ...]:
        """Return the fields that every ``config.json`` has."""
        return tuple(field.name for field in fields(cls) if field.default is MISSING)

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> Self:
        """Build it from the facts of a ``config.json``; facts of later versions are ignored."""
        present = {field.name: facts[field.name] for field in fields(cls) if field.name in facts}
        values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in present.items()}
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """Return the facts of ``config.json``."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @property
    def reading(self) -> Reading:
        """How image files are read."""
        return Reading(self.alpha, self.orientation)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the input, once the parent has been opened."""
        assert self.input_size is not None
        return self.input_size

    @property
    def scaling(self) -> PreprocessingName:
        """The name of the preprocessing, once the parent has been opened."""
        assert self.preprocessing is not None
        return self.preprocessing

    @property
    def shown_views(self) -> list[int | None]:
        """The views of the training images, shown in turn, an epoch each; None shows the images as they are."""
        if not self.augment:
            return [None]
        return list(range(min(self.views or self.epochs, self.epochs)))

    @property
    def needs_parent(self) -> bool:
        """Whether the model that this run continues must be trained first."""
        return DEFAULTS[self.recipe].parent is not None and self.parent is None

    def weights_file(self, workspace: Workspace) -> str | Path | None:
        """Return ``imagenet``, the file of the backbone's weights, or None."""
        return self.weights if self.weights in (None, "imagenet") else workspace.root / self.weights
