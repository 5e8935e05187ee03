"""Opening model files: ours and other people's."""

from collections.abc import Sequence
from pathlib import Path

import keras

from carvis.classifier.card import ModelCard, card_path, read_card, reading_of
from carvis.classifier.class_names import names_of_classes
from carvis.classifier.classifier import Classifier, gives_logits, image_input, n_classes
from carvis.classifier.graph import output_activation, scales_its_input
from carvis.classifier.opening import open_model
from carvis.classifier.preprocessing import PREPROCESSING
from carvis.dataset import Dataset
from carvis.errors import ModelError
from carvis.images import ALPHAS, ORIENTATIONS, RESIZE_METHODS
from carvis.language import Message
from carvis.workspace import sha256_of_file

_OPEN_SIZE = 224


def load_classifier(
    path: str | Path,
    class_names: Sequence[str] | str | Path | None = None,
    preprocessing: str | None = None,
    *,
    input_size: int | tuple[int, int] | None = None,
    resize: str | None = None,
    alpha: str | None = None,
    orientation: str | None = None,
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
        preprocessing: a name in ``PREPROCESSING``; without a card ``unit``, as the tutorial's models take.
        input_size: side, or height and width, where the model leaves it open.
        resize: a resize method; without a card ``nearest``, as Keras's ``load_img`` used for the tutorial's models.
        alpha, orientation: as ``carvis.images.Reading``; without a card ``drop-alpha`` and ``as-stored``, as Keras's
            ``load_img`` reads.
        trust: run the code this file holds (Lambda layers, own classes).
        data: the data set that the images lie in, or several: without a card its class names are assumed where their
            number fits, in Keras' order of its folders.

    Raises:
        UntrustedModelError: the file holds code and ``trust`` is False.
        ModelError: no such file, damaged, without an architecture, or no image classifier.
    """
    path = Path(path)
    model = open_model(path, trust=trust)
    said: list[str] = []
    sha256 = sha256_of_file(path)
    card = _card(path, sha256, said)
    height, width, _ = image_input(model, str(path))
    clf = Classifier(
        model,
        names_of_classes(path, n_classes(model), class_names, card, _all(data), said),
        preprocessing=_preprocessing(model, preprocessing, card, said),
        resize=_resize(resize, card, said),
        **_reading({"alpha": alpha, "orientation": orientation}, card, said),
        input_size=_input_size((height, width), input_size, card, said),
        name=path.stem,
        path=path,
        sha256=sha256,
        card=card,
        assumptions=said,
    )
    clf.assumptions += _about_output(model)
    given = {"class_names": class_names, "preprocessing": preprocessing, "resize": resize}
    given |= {"alpha": alpha, "orientation": orientation}
    clf.assumed = _assumed(clf, given)
    return clf


def _all(data: Dataset | Sequence[Dataset] | None) -> Sequence[Dataset]:
    return [] if data is None else [data] if isinstance(data, Dataset) else data


def _about_output(model: keras.Model) -> list[str]:
    if gives_logits(model):
        return ["The model ends without softmax: softmax is applied to its scores to give probabilities."]
    if model.outputs[0].shape[1] > 1 and output_activation(model) == "sigmoid":
        return ["The model judges each class by itself (sigmoid): its probabilities do not add up to 1."]
    return []


def _card(path: Path, sha256: str, said: list[str]) -> ModelCard | None:
    try:
        card = read_card(path)
    except ModelError as error:
        said.append(str(error))
        return None
    if card and card.sha256 and card.sha256 != sha256:
        said.append(f"The card {card_path(path).name} was written for another version of this file.")
    return card


def _assumed(clf: Classifier, given: dict) -> frozenset[str]:
    """Name the facts that neither the caller nor a card for this very file has told."""
    card = clf.card if clf.card and clf.card.sha256 in (None, clf.sha256) else None
    asked = {fact for fact, value in given.items() if value is None}
    asked -= {"alpha", "orientation"} - set(reading_of(card)[1])
    return frozenset(fact for fact in asked if not card or getattr(card, fact) != getattr(clf, fact))


def _preprocessing(model, given, card, said) -> str:
    if given:
        return given
    if card and card.preprocessing in PREPROCESSING:
        return card.preprocessing
    if card and card.preprocessing:
        said.append(f"The card names the preprocessing {card.preprocessing}, which is not known here: it is not used.")
    if scales_its_input(model):
        said.append("The model scales its input itself, so pixel values go in unchanged (preprocessing none).")
        return "none"
    said.append("Pixel values are divided by 255 (preprocessing unit), as the tutorial's models take them.")
    return "unit"


def _resize(given, card, said) -> str:
    if given:
        return given
    if card and card.resize in RESIZE_METHODS:
        return card.resize
    if card and card.resize:
        said.append(f"The card names the resize method {card.resize}, which is not known here: it is not used.")
    said.append("Pictures are resized by nearest neighbour, as Keras's load_img does.")
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


def _input_size(fixed, given, card, said) -> int | tuple[int, int] | None:
    if given is not None:
        return given
    noted = tuple(card.input_size) if card and card.input_size else None
    if None not in fixed:
        if noted and noted != fixed:
            said.append(f"The card names another input size than the model's own {fixed[0]}x{fixed[1]}.")
        return None
    if noted and all(own in (None, side) for own, side in zip(fixed, noted)):
        return noted
    height, width = (side or _OPEN_SIZE for side in fixed)
    said.append(f"The model leaves its input size open: {height}x{width} is used.")
    return height, width
