"""``load_classifier``: a model file with everything needed to use it."""

import contextlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, overload

import keras
import numpy as np
from numpy.typing import NDArray

from carvis.classifier.card import ModelCard, card_path, read_card, reading_of
from carvis.classifier.class_names import names_of_classes
from carvis.classifier.classifier import Classifier
from carvis.classifier.files.sandbox.criteria import size_reason
from carvis.classifier.files.sandbox.policy import check_file, check_in_sandbox
from carvis.classifier.files.scope_names import renamed_sentence
from carvis.classifier.memory_estimate import check_memory, estimate_memory
from carvis.classifier.model_builder import open_model
from carvis.classifier.model_facts import (
    OPEN_SIZE,
    input_size_of,
    output_of,
    preprocessing_of,
    reading_of_files,
    resize_of,
    tokens_of,
    unfitting_tokens,
)
from carvis.classifier.model_input import PROBED_SIZE
from carvis.classifier.output_kind import decide_output
from carvis.classifier.shapes import image_input, n_classes
from carvis.classifier.vocabulary import OutputName, PreprocessingName
from carvis.dataset import Dataset
from carvis.errors import ImageError, ModelError
from carvis.images import Alpha, Orientation, ResizeMethod, read_image
from carvis.language import Message
from carvis.workspace import finish_moves, sha256_of_file

# So many images of a data set show what a model's output means.
_SAMPLED = 16


def load_classifier(
    path: str | Path,
    class_names: Sequence[str] | str | Path | None = None,
    preprocessing: PreprocessingName | None = None,
    *,
    input_size: int | tuple[int, int] | None = None,
    resize: ResizeMethod | None = None,
    alpha: Alpha | None = None,
    orientation: Orientation | None = None,
    output: OutputName | None = None,
    token_grid: int | tuple[int, int] | None = None,
    extra_tokens: int | None = None,
    encoding: str | None = None,
    trust: bool = False,
    data: Dataset | Sequence[Dataset] | None = None,
) -> Classifier:
    """Open a model file with everything needed to use it.

    What is not given comes from the card beside the file; what neither says is assumed, and stated in
    ``Classifier.assumptions``.

    Args:
        path: a ``.keras``, ``.h5`` or ``.hdf5`` file.
        class_names: one name per class, in the model's order, or a file that holds them (``labels.txt``, one a line,
            ``class_indices.json``). Without them and a card, such a file beside the model is used.
        preprocessing: a name in ``PREPROCESSING``; without a card ``none`` where the model scales pixel values itself,
            else ``unit``, as the tutorial's models take.
        input_size: side, or height and width, where the model leaves it open.
        resize: a resize method; without a card ``nearest``, as Keras's ``load_img`` used for the tutorial's models.
        alpha, orientation: as ``carvis.images.Reading``; without a card ``drop-alpha`` and ``as-stored``, as Keras's
            ``load_img`` reads.
        output: what its output means, a name in ``carvis.classifier.vocabulary.OUTPUTS``; without a card decided by the
            graph, else by the values it gives for images of ``data``.
        token_grid, extra_tokens: side, or (height, width), of the grid on which a transformer's tokens lie, and how
            many tokens (class, register) come before them; without a card inferred from the model.
        encoding: of the file that ``class_names`` names; detected where None.
        trust: run the code this file holds (Lambda layers, own classes).
        data: the data set that the images lie in, or several: without a card its class names are assumed where their
            number fits, in Keras' order of its folders, and its images decide what the output means where the graph
            does not.

    Raises:
        UntrustedModelError: the file holds code and ``trust`` is False.
        ModelError: no such file, damaged, without an architecture, or no image classifier.
    """
    path = Path(path)
    finish_moves(path.parent)
    unsandboxed = check_file(path)
    model = open_model(path, trust=trust)
    assumptions = list(filter(None, [renamed_sentence(model)]))
    sha256 = sha256_of_file(path)
    card = _card(path, sha256, assumptions)
    height, width, channels = image_input(model, str(path))
    _check_memory(model, path, (height or OPEN_SIZE, width or OPEN_SIZE), unsandboxed)
    size = input_size_of(model, (height, width), channels, input_size, card, assumptions)
    probed = (size, size) if isinstance(size, int) else size or (height or PROBED_SIZE[0], width or PROBED_SIZE[1])
    _check_memory(model, path, probed, unsandboxed)
    arguments = {"class_names": class_names, "preprocessing": preprocessing, "resize": resize, "output": output}
    arguments |= {"alpha": alpha, "orientation": orientation}
    alpha, orientation = reading_of_files(alpha, orientation, card, assumptions)
    clf = Classifier(
        model,
        names_of_classes(path, n_classes(model), class_names, card, _all(data), assumptions, encoding),
        preprocessing=preprocessing_of(model, preprocessing, card, (*probed, channels), assumptions),
        resize=resize_of(resize, card, assumptions, native=None in (height, width) and size is None),
        alpha=alpha,
        orientation=orientation,
        input_size=size,
        output=output_of(output, card, assumptions),
        **tokens_of(token_grid, extra_tokens, card),
        images=_Sample(_all(data), channels, alpha, orientation),
        name=path.stem,
        path=path,
        sha256=sha256,
        card=card,
        assumptions=assumptions,
    )
    clf.assumed = _assumed(clf, arguments)
    if remark := unfitting_tokens(clf):
        clf.assumptions.append(remark)
    if card and (marked := [fact for fact in card.assumed if fact in clf.assumed]):
        message = Message(
            "The card {card} marks as assumed: {facts}.", card=card_path(path).name, facts=", ".join(marked)
        )
        clf.assumptions.append(message)
    return clf


def _check_memory(model: keras.Model, path: Path, size: tuple[int, int], unsandboxed: bool) -> None:
    """Check the memory that one image needs, before anything is computed."""
    estimate = estimate_memory(model, size)
    check_memory(estimate, path)
    if unsandboxed and (reason := size_reason(estimate)):
        check_in_sandbox(path, reason)


def _all(data: Dataset | Sequence[Dataset] | None) -> Sequence[Dataset]:
    return [] if data is None else [data] if isinstance(data, Dataset) else data


class _Sample(Sequence[NDArray[np.uint8]]):
    """Some images of a data set, of training or validation first; read when the first of them is needed."""

    def __init__(self, data: Sequence[Dataset], channels: int, alpha: Alpha, orientation: Orientation) -> None:
        self.data, self.channels, self.alpha, self.orientation = data, channels, alpha, orientation

    @cached_property
    def _images(self) -> list[NDArray[np.uint8]]:
        images: list[NDArray[np.uint8]] = []
        splits = ("valid", "train", "test")
        tables = [dataset.samples(split) for split in splits for dataset in self.data if split in dataset.splits]
        for paths in (table["path"] for table in tables):
            for path in paths.iloc[:: max(len(paths) // _SAMPLED, 1)]:
                # Broken images are reported where the data set is used.
                with contextlib.suppress(ImageError):
                    images.append(read_image(path, self.channels, self.alpha, self.orientation))
                if len(images) == _SAMPLED:
                    return images
        return images

    def __len__(self) -> int:
        return len(self._images)

    @overload
    def __getitem__(self, place: int) -> NDArray[np.uint8]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[NDArray[np.uint8]]: ...
    def __getitem__(self, place: int | slice) -> NDArray[np.uint8] | Sequence[NDArray[np.uint8]]:
        return self._images[place]


def _card(path: Path, sha256: str, assumptions: list[Message]) -> ModelCard | None:
    try:
        card = read_card(path)
    except ModelError as error:
        assumptions.append(error.args[0])
        return None
    assumptions += card.problems if card else []
    if card and card.sha256 and card.sha256 != sha256:
        assumptions.append(
            Message("The card {card} was written for another version of this file.", card=card_path(path).name)
        )
    return card


def _assumed(clf: Classifier, arguments: dict[str, Any]) -> frozenset[str]:
    """Name the facts that neither the caller nor a card for this very file states."""
    card = clf.card if clf.card and clf.card.sha256 in (None, clf.sha256) else None
    open_facts = {fact for fact, value in arguments.items() if value is None}
    assumed = set(card.assumed) if card else set()
    open_facts -= {"alpha", "orientation"} - set(reading_of(card)[1]) - assumed
    # Most outputs are certain by the graph; images that are not resized need no resize method.
    output, assumption = decide_output(clf.model, clf.name)
    open_facts -= {"output"} if output and (assumption is None or clf.model.outputs[0].shape[1] > 1) else set()
    open_facts -= {"resize"} if clf.native_size else set()
    return frozenset(
        fact for fact in open_facts if not card or fact in assumed or getattr(card, fact) != getattr(clf, fact)
    )
