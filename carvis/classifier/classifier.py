"""``Classifier``: a Keras model with its class names, input size and preprocessing bound to it."""

import inspect
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from carvis.classifier.card import ModelCard
from carvis.classifier.fingerprint import fingerprint
from carvis.classifier.layer_access import LayerAccess
from carvis.classifier.memory_estimate import within_memory
from carvis.classifier.model_call import (
    call_model,
    computes_alike_on_floats,
    copes_with_batches,
    input_dtype,
    takes_whole_numbers,
    traced,
)
from carvis.classifier.model_input import ModelInput
from carvis.classifier.output import probabilities, score_kind
from carvis.classifier.output_kind import changes_meaning, decide_output, known_output, probe_images
from carvis.classifier.shapes import fitting_size, image_input, n_classes, resizes_itself
from carvis.classifier.vocabulary import OutputName, PreprocessingName, ScoreName, check_input_names
from carvis.errors import ModelError
from carvis.images import USUAL, Alpha, Orientation, Reading, ResizeMethod
from carvis.language import Message

Outputs = TypeVar("Outputs")
_CHUNK = 32
# Values that go into a model at once: 64 MB.
MOST_VALUES = 16_000_000


class Classifier(ModelInput, LayerAccess):
    """A Keras 3 model with what is needed to use it.

    Args:
        model: a Keras model with one input (N, H, W, 3) or (N, H, W, 1) and one output (N, classes).
        class_names: one name an output; two for a single sigmoid output, which is the second one's probability.
        preprocessing: a name in ``PREPROCESSING``.
        resize: a name in ``carvis.images.RESIZE_METHODS``.
        alpha, orientation: how image files are read, names in ``carvis.images.ALPHAS`` and ``ORIENTATIONS``.
        input_size: (height, width), needed where the model leaves it open and does not resize images itself.
        output: what its output means, a name in ``vocabulary.OUTPUTS``; None decides by the graph, else by the values
            that the model gives.
        token_grid, extra_tokens: (height, width) of the grid on which a transformer's tokens lie, and how many tokens
            come before them, where that does not follow from the model.
        images: uint8 (H, W, 3) each, of real data where there is any, for what only values can decide.
        name: shown wherever a result is shown.
        path, sha256, card, assumptions: where it came from, the hash of that file, and what had to be assumed, one
            sentence each.
        assumed: names of the facts (``class_names``, ``preprocessing``, ...) that no one has given or confirmed.

    Raises:
        ModelError: the model is no image classifier, or the names do not fit it.
    """

    def __init__(
        self,
        model: keras.Model,
        class_names: Sequence[str],
        *,
        preprocessing: PreprocessingName = "unit",
        resize: ResizeMethod = "bilinear",
        alpha: Alpha = USUAL.alpha,
        orientation: Orientation = USUAL.orientation,
        input_size: int | tuple[int, int] | tuple[None, None] | None = None,
        output: OutputName | None = None,
        token_grid: tuple[int, int] | None = None,
        extra_tokens: int | None = None,
        images: Sequence[np.ndarray] = (),
        name: str | None = None,
        path: str | Path | None = None,
        sha256: str | None = None,
        card: ModelCard | None = None,
        assumptions: Iterable[str] = (),
        assumed: Iterable[str] = (),
    ) -> None:
        self.model = model
        self.name = name or model.name
        self.path = Path(path) if path else None
        self.sha256 = sha256
        self.card = card
        self.assumptions = list(assumptions)
        self.assumed = frozenset(assumed)
        self.class_names = [str(name) for name in class_names]
        self.preprocessing = preprocessing
        self.resize = resize
        self.alpha, self.orientation = alpha, orientation
        height, width, self.channels = image_input(model, self.name)
        # A classifier of images of any size names its own size so.
        size = None if input_size == (None, None) else input_size
        # Images go in as they are where the model resizes them itself and no size is given.
        self.native_size = size is None and resizes_itself(model, self.channels)
        self.input_size = (None, None) if self.native_size else fitting_size((height, width), size, self.name)
        self.token_grid, self.extra_tokens = token_grid, extra_tokens
        if min(*(token_grid or (1, 1)), (extra_tokens or 0) + 1) < 1:
            raise ModelError(
                Message("A grid of tokens has a height and a width, and 0 or more extra tokens before it.")
            )
        self._check()
        self.output = known_output(output, self.name) if output else self._decided_output(images)

    def _decided_output(self, images: Sequence[np.ndarray]) -> OutputName:
        """Decide what the output means, and note what was assumed."""
        output, assumption = decide_output(self.model, self.name)
        if output is None:
            source = Message("images of the data set") if len(images) else Message("images of noise and plain colours")
            images = images if len(images) else probe_images(self.probe_size, self.channels)
            output, assumption = decide_output(self.model, self.name, self._raw(images), source)
        if assumption:
            self.assumptions.append(assumption)
        # Values always decide.
        assert output is not None
        return output

    def score_kind(self, requested: ScoreName = "logit") -> ScoreName:
        """Return the score that is explained where ``logit`` or ``probability`` is requested.

        A mixture, such as the mean of several softmaxes, has no logit: its log-probability is explained.
        """
        return score_kind(self.model, self.output, requested)

    def _check(self) -> None:
        # A classifier has one: None is refused like any unknown name.
        check_input_names(str(self.preprocessing), self.resize, ModelError)
        try:
            Reading(self.alpha, self.orientation)
        except ValueError as error:
            raise ModelError(Message("{reason}.", reason=error)) from None
        if self.channels == 1 and self.preprocessing in ("caffe", "torch"):
            raise ModelError(
                Message(
                    "{name} takes grayscale images, but {preprocessing} needs colour: choose unit or tf.",
                    name=self.name,
                    preprocessing=self.preprocessing,
                )
            )
        if takes_whole_numbers(self.model) and self.preprocessing != "none":
            raise ModelError(
                Message(
                    "{name} takes integers ({dtype}), 0 to 255: its preprocessing must be none, not {given}.",
                    name=self.name,
                    dtype=input_dtype(self.model),
                    given=self.preprocessing,
                )
            )
        if not copes_with_batches(self.model, (*self.probe_size, self.channels)):
            raise ModelError(
                Message(
                    "{name} has a fixed batch size of {n}: save it with an open one (keras.Input without batch_size).",
                    name=self.name,
                    n=self.model.inputs[0].shape[0],
                )
            )
        expected = n_classes(self.model)
        if len(self.class_names) != expected:
            raise ModelError(
                Message(
                    "{name} has {expected} classes, but {n} names were given: give one name per class, in the model's"
                    " order.",
                    name=self.name,
                    expected=expected,
                    n=len(self.class_names),
                )
            )

    def __repr__(self) -> str:
        size = "of any size" if self.native_size else "x".join(map(str, (*self.input_size, self.channels)))
        return f"Classifier({self.name!r}, {len(self.class_names)} classes, input {size}, {self.preprocessing})"

    def replace(self, **changes: Any) -> "Classifier":
        """Return a classifier that shares this one's Keras model but differs in some facts, no longer assumed ones.

        Args:
            changes: any argument of ``Classifier`` but the model: ``class_names``, ``preprocessing``, ``resize``, ...
        """
        names = [name for name in inspect.signature(type(self)).parameters if name != "model"]
        facts = {name: getattr(self, name) for name in names if hasattr(self, name)}
        if unknown := set(changes) - set(facts):
            raise TypeError(f"replace() takes no {', '.join(sorted(unknown))}")
        other = type(self)(self.model, **facts | {"assumed": self.assumed - set(changes)} | changes)
        # The model's output does not depend on the facts, so that its traced function serves both.
        if other.input_size == self.input_size and not self.native_size:
            other.__dict__["_forward"] = self._forward
        return other

    def _repr_html_(self) -> str | None:
        from carvis.classifier.html_repr import classifier_html

        return classifier_html(self)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the weights and of everything that changes a prediction: equal after saving and loading."""
        facts: dict[str, Any] = {
            "input": [*self.input_size, self.channels],
            "preprocessing": self.preprocessing,
            "resize": self.resize,
        }
        if changes_meaning(self.model, self.output):
            facts["output"] = self.output
        # What is given of tokens moves heatmaps, which are kept by the fingerprint.
        if self.token_grid or self.extra_tokens is not None:
            facts["tokens"] = [self.token_grid, self.extra_tokens]
        # The usual reading adds nothing, so that models keep the fingerprint that their evaluations know.
        return fingerprint(self.model, facts | self.reading.facts())

    @cached_property
    def passes_floats(self) -> bool:
        """Whether there is a gradient at the input: of integers only where floats give the same output."""
        images = np.stack(probe_images(self.probe_size, self.channels))
        return not takes_whole_numbers(self.model) or computes_alike_on_floats(self.model, images)

    @cached_property
    def _forward(self) -> Callable[[np.ndarray], tf.Tensor]:
        return self.traced(lambda images: call_model(self.model, images))

    def traced(self, function: Callable[[tf.Tensor], Outputs]) -> Callable[[np.ndarray], Outputs]:
        """Return a function of batches that ``prepare`` made, traced once, which refuses one too large for the memory.

        Args:
            function: runs the model on a batch, float32 (N, H, W, C).
        """
        # Keras' cropping layers decide by the size; traced with an open one they go wrong for small images.
        if not self.native_size:
            signature = [tf.TensorSpec([None, *self.input_size, self.channels], tf.float32)]
            function = traced(self.model, function, signature)
        return within_memory(self.model, function, self.path or self.name)

    def _raw(self, images: Iterable[np.ndarray]) -> NDArray[np.float32]:
        """Return the model's output, float32 (N, k), for images of any size, those of one size together."""
        parts: list[list[np.ndarray]] = []
        for image in map(self.fit, images):
            full = min(_CHUNK, max(MOST_VALUES // image.size, 1))
            if not parts or len(parts[-1]) >= full or parts[-1][0].shape != image.shape:
                parts.append([])
            parts[-1].append(image)
        width = int(self.model.outputs[0].shape[1])
        outputs = [np.asarray(self._forward(self.preprocess(np.stack(part)))) for part in parts]
        return np.concatenate(outputs) if outputs else np.zeros((0, width), np.float32)

    def predict(self, images: Iterable[np.ndarray]) -> NDArray[np.float32]:
        """Return the probabilities, float32 (N, classes), of images of any size."""
        return self.probabilities(self._raw(images))

    def predict_prepared(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the probabilities, float32 (N, classes), of a batch that ``prepare`` made."""
        return self.probabilities(np.asarray(self._forward(batch)))

    def probabilities(self, output: np.ndarray) -> NDArray[np.float32]:
        """Turn the model's output (N, k) into probabilities (N, classes), as ``Classifier.output`` says."""
        return probabilities(output, self.output)
