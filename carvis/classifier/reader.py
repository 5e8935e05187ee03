"""Opening model files: ours and other people's."""

import contextlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from carvis.classifier.card import ModelCard, card_path, read_card, reading_of
from carvis.classifier.class_names import names_of_classes
from carvis.classifier.classifier import MOST_NATIVE_PIXELS, PROBED_SIZE, Classifier
from carvis.classifier.files.sandbox.criteria import size_reason
from carvis.classifier.files.sandbox.policy import check_file, check_in_sandbox
from carvis.classifier.files.scope_names import renamed_sentence
from carvis.classifier.memory_estimate import check_memory, estimate_memory
from carvis.classifier.model_builder import open_model
from carvis.classifier.model_call import takes_whole_numbers
from carvis.classifier.output import OUTPUTS, decide_output
from carvis.classifier.preprocessing import PREPROCESSING
from carvis.classifier.ranges.input import assumed_preprocessing
from carvis.classifier.shapes import image_input, n_classes, resizes_itself
from carvis.dataset import Dataset
from carvis.errors import ImageError, ModelError
from carvis.images import ALPHAS, ORIENTATIONS, RESIZE_METHODS, read_image
from carvis.language import Message
from carvis.workspace import settle, sha256_of_file

_OPEN_SIZE = 224
# So many images of a data set show what a model's output means.
_SAMPLED = 16


def load_classifier(
    path: str | Path,
    class_names: Sequence[str] | str | Path | None = None,
    preprocessing: str | None = None,
    *,
    input_size: int | tuple[int, int] | None = None,
    resize: str | None = None,
    alpha: str | None = None,
    orientation: str | None = None,
    output: str | None = None,
    encoding: str | None = None,
    trust: bool = False,
    data: Dataset | Sequence[Dataset] | None = None,
) -> Classifier:
    """Open a model file with everything needed to use it.

    What is not given comes from the card beside the file; what neither tells is assumed and said in
    ``Classifier.assumptions``.

    Args:
        path: a ``.keras``, ``.h5`` or ``.hdf5`` file.
        class_names: one name a class, in the model's order, or a file that holds them (``labels.txt``, one a line,
            ``class_indices.json``). Without them and a card, such a file beside the model is used.
        preprocessing: a name in ``PREPROCESSING``; without a card ``none`` where the model scales pixel values itself,
            else ``unit``, as the tutorial's models take.
        input_size: side, or height and width, where the model leaves it open.
        resize: a resize method; without a card ``nearest``, as Keras's ``load_img`` used for the tutorial's models.
        alpha, orientation: as ``carvis.images.Reading``; without a card ``drop-alpha`` and ``as-stored``, as Keras's
            ``load_img`` reads.
        output: what its output means, a name in ``carvis.classifier.output.OUTPUTS``; without a card decided by the
            graph, else by the numbers it gives for images of ``data``.
        encoding: of the file that ``class_names`` names; found out where None.
        trust: run the code this file holds (Lambda layers, own classes).
        data: the data set that the images lie in, or several: without a card its class names are assumed where their
            number fits, in Keras' order of its folders, and on its images it is judged what the output means where the
            graph does not tell.

    Raises:
        UntrustedModelError: the file holds code and ``trust`` is False.
        ModelError: no such file, damaged, without an architecture, or no image classifier.
    """
    path = Path(path)
    settle(path.parent)
    untried = check_file(path)
    model = open_model(path, trust=trust)
    said = list(filter(None, [renamed_sentence(model)]))
    sha256 = sha256_of_file(path)
    card = _card(path, sha256, said)
    height, width, channels = image_input(model, str(path))
    _check_needs(model, path, (height or _OPEN_SIZE, width or _OPEN_SIZE), untried)
    size = _input_size(model, (height, width), channels, input_size, card, said)
    probed = (size, size) if isinstance(size, int) else size or (height or PROBED_SIZE[0], width or PROBED_SIZE[1])
    _check_needs(model, path, probed, untried)
    reading = _reading({"alpha": alpha, "orientation": orientation}, card, said)
    clf = Classifier(
        model,
        names_of_classes(path, n_classes(model), class_names, card, _all(data), said, encoding),
        preprocessing=_preprocessing(model, preprocessing, card, (*probed, channels), said),
        resize=_resize(resize, card, said, native=None in (height, width) and size is None),
        **reading,
        input_size=size,
        output=_output(output, card, said),
        images=_Sample(_all(data), channels, reading),
        name=path.stem,
        path=path,
        sha256=sha256,
        card=card,
        assumptions=said,
    )
    given = {"class_names": class_names, "preprocessing": preprocessing, "resize": resize, "output": output}
    clf.assumed = _assumed(clf, given | {"alpha": alpha, "orientation": orientation})
    if card and (marked := [fact for fact in card.assumed if fact in clf.assumed]):
        words = Message(
            "The card {card} marks as only assumed: {facts}.", card=card_path(path).name, facts=", ".join(marked)
        )
        clf.assumptions.append(words)
    return clf


def _check_needs(model, path: Path, size: tuple[int, int], untried: bool) -> None:
    """Look at what one image takes, before anything is computed."""
    needs = estimate_memory(model, size)
    check_memory(needs, path)
    if untried and (reason := size_reason(needs)):
        check_in_sandbox(path, reason)


def _all(data: Dataset | Sequence[Dataset] | None) -> Sequence[Dataset]:
    return [] if data is None else [data] if isinstance(data, Dataset) else data


class _Sample(Sequence):
    """Some images of a data set, of training or validation first; read only if somebody looks."""

    def __init__(self, data: Sequence[Dataset], channels: int, reading: dict[str, str]):
        self.data, self.channels, self.reading = data, channels, reading

    @cached_property
    def _images(self) -> list:
        found = []
        tables = [
            one.samples(split) for split in ("valid", "train", "test") for one in self.data if split in one.splits
        ]
        for paths in (table["path"] for table in tables):
            for path in paths.iloc[:: max(len(paths) // _SAMPLED, 1)]:
                # Broken images are told where the data set is used.
                with contextlib.suppress(ImageError):
                    found.append(read_image(path, self.channels, **self.reading))
                if len(found) == _SAMPLED:
                    return found
        return found

    def __len__(self) -> int:
        return len(self._images)

    def __getitem__(self, place):
        return self._images[place]


def _card(path: Path, sha256: str, said: list[str]) -> ModelCard | None:
    try:
        card = read_card(path)
    except ModelError as error:
        said.append(error.args[0])
        return None
    said += card.problems if card else []
    if card and card.sha256 and card.sha256 != sha256:
        said.append(Message("The card {card} was written for another version of this file.", card=card_path(path).name))
    return card


def _assumed(clf: Classifier, given: dict) -> frozenset[str]:
    """Name the facts that neither the caller nor a card for this very file has told."""
    card = clf.card if clf.card and clf.card.sha256 in (None, clf.sha256) else None
    asked = {fact for fact, value in given.items() if value is None}
    known = set(card.assumed) if card else set()
    asked -= {"alpha", "orientation"} - set(reading_of(card)[1]) - known
    # The graph is certain of most outputs, and what is not resized at all needs no way to resize.
    found, said_of_one = decide_output(clf.model, clf.name)
    asked -= {"output"} if found and (said_of_one is None or clf.model.outputs[0].shape[1] > 1) else set()
    asked -= {"resize"} if clf.native_size else set()
    return frozenset(fact for fact in asked if not card or fact in known or getattr(card, fact) != getattr(clf, fact))


def _preprocessing(model, given, card, shape, said) -> str:
    if given:
        return given
    found, sentence = assumed_preprocessing(model, shape)
    if card and card.preprocessing in PREPROCESSING:
        if not takes_whole_numbers(model) or card.preprocessing == found:
            return card.preprocessing
        said.append(
            Message(
                "The card names the preprocessing {name}, but the model takes whole numbers: it is not used.",
                name=card.preprocessing,
            )
        )
    elif card and card.preprocessing:
        said.append(
            Message(
                "The card names the preprocessing {name}, which is not known here: it is not used.",
                name=card.preprocessing,
            )
        )
    said.append(sentence)
    return found


def _output(given, card, said) -> str | None:
    if given:
        return given
    if card and card.output and card.output not in OUTPUTS:
        said.append(
            Message(
                "The card says that the output is {name}, which is not known here: it is not used.", name=card.output
            )
        )
        return None
    return card.output if card else None


def _resize(given, card, said, native: bool) -> str:
    if given:
        return given
    if card and card.resize in RESIZE_METHODS:
        return card.resize
    if card and card.resize:
        said.append(
            Message(
                "The card names the resize method {name}, which is not known here: it is not used.", name=card.resize
            )
        )
    if native:
        return "nearest"
    said.append(Message("Images are resized by nearest neighbour, as Keras's load_img does."))
    return "nearest"


def _reading(given: dict[str, str | None], card, said) -> dict[str, str]:
    reading, assumed = reading_of(card)
    for name, known in (("alpha", ALPHAS), ("orientation", ORIENTATIONS)):
        noted = getattr(card, name, None)
        if noted and noted not in known and not given[name]:
            said.append(
                Message(
                    "The card names {value} for {name}, which is not known here: it is not used.",
                    value=noted,
                    name=name,
                )
            )
    assumed = [name for name in assumed if not given[name]]
    if "alpha" in assumed:
        said.append(
            Message("Transparent images are read without their alpha channel (drop-alpha), as Keras's load_img does.")
        )
    if "orientation" in assumed:
        said.append(
            Message("Images are not turned by their EXIF orientation (as-stored), as Keras's load_img does not either.")
        )
    return {name: given[name] or value for name, value in vars(reading).items()}


def _input_size(model, fixed, channels, given, card, said) -> int | tuple[int, int] | None:
    if given is not None:
        return given
    noted = tuple(card.input_size) if card and card.input_size else None
    if None not in fixed:
        if noted and noted != fixed:
            said.append(
                Message(
                    "The card names another input size than the model's own {height}x{width}.",
                    height=fixed[0],
                    width=fixed[1],
                )
            )
        return None
    if noted and all(own in (None, side) for own, side in zip(fixed, noted)):
        return noted
    if resizes_itself(model, channels):
        said.append(
            Message(
                "The model brings images to one size itself, so they go in at their own size (no resize before it)."
            )
        )
        said.append(
            Message(
                "Heatmaps and activations of an image of more than {n} million pixels are those of a smaller copy, to"
                " save memory; predictions are not.",
                n=MOST_NATIVE_PIXELS // 10**6,
            )
        )
        return None
    height, width = (side or _OPEN_SIZE for side in fixed)
    said.append(
        Message(
            "The model leaves its input size open: {height}x{width} is used. Another one is given by input_size"
            " (--input-size).",
            height=height,
            width=width,
        )
    )
    return height, width
