"""Opening model files: ours and other people's."""

import contextlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from carvis.classifier.call import takes_whole_numbers
from carvis.classifier.card import ModelCard, card_path, read_card
from carvis.classifier.classifier import PROBED_SIZE, Classifier
from carvis.classifier.frame import resizes_itself
from carvis.classifier.input_range import assumed_preprocessing
from carvis.classifier.opening import open_model
from carvis.classifier.output import OUTPUTS
from carvis.classifier.preprocessing import PREPROCESSING
from carvis.classifier.shapes import image_input, n_classes
from carvis.dataset import Dataset
from carvis.errors import ImageError, ModelError
from carvis.images import RESIZE_METHODS, read_image
from carvis.language import Message
from carvis.workspace import sha256_of_file

_OPEN_SIZE = 224
# So many images of a data set show what a model's output means.
_SAMPLED = 16


def load_classifier(
    path: str | Path,
    class_names: Sequence[str] | None = None,
    preprocessing: str | None = None,
    *,
    input_size: int | tuple[int, int] | None = None,
    resize: str | None = None,
    output: str | None = None,
    trust: bool = False,
    data: Dataset | None = None,
) -> Classifier:
    """Open a model file with everything needed to use it.

    What is not given comes from the card beside the file; what neither tells is assumed and said in
    ``Classifier.assumptions``.

    Args:
        path: a ``.keras``, ``.h5`` or ``.hdf5`` file.
        class_names: one name a class, in the model's order.
        preprocessing: a name in ``PREPROCESSING``; without a card ``none`` where the model scales pixel values itself,
            else ``unit``, as the tutorial's models take.
        input_size: side, or height and width, where the model leaves it open.
        resize: a resize method; without a card ``nearest``, as Keras's ``load_img`` used for the tutorial's models.
        output: what its output means, a name in ``carvis.classifier.output.OUTPUTS``; without a card decided by the
            graph, else by the numbers it gives for images of ``data``.
        trust: run the code this file holds (Lambda layers, own classes).
        data: a data set whose class names are taken where their number fits, and on whose images it is judged what
            the output means where the graph does not tell.

    Raises:
        UntrustedModelError: the file holds code and ``trust`` is False.
        ModelError: no such file, damaged, without an architecture, or no image classifier.
    """
    path = Path(path)
    model = open_model(path, trust=trust)
    said: list[str] = []
    sha256 = sha256_of_file(path)
    card = _card(path, sha256, said)
    height, width, channels = image_input(model, str(path))
    size = _input_size(model, (height, width), channels, input_size, card, said)
    probed = (size, size) if isinstance(size, int) else size or (height or PROBED_SIZE[0], width or PROBED_SIZE[1])
    return Classifier(
        model,
        _class_names(model, class_names, card, data, said),
        preprocessing=_preprocessing(model, preprocessing, card, (*probed, channels), said),
        resize=_resize(resize, card, said, native=None in (height, width) and size is None),
        input_size=size,
        output=_output(output, card, said),
        images=_Sample(data, channels),
        name=path.stem,
        path=path,
        sha256=sha256,
        card=card,
        assumptions=said,
    )


class _Sample(Sequence):
    """Some images of a data set, of training or validation first; read only if somebody looks."""

    def __init__(self, data: Dataset | None, channels: int):
        self.data, self.channels = data, channels

    @cached_property
    def _images(self) -> list:
        if self.data is None:
            return []
        found = []
        for split in sorted(self.data.splits, key=("valid", "train", "test").index):
            paths = self.data.samples(split)["path"]
            for path in paths.iloc[:: max(len(paths) // _SAMPLED, 1)]:
                # Broken images are told where the data set is used.
                with contextlib.suppress(ImageError):
                    found.append(read_image(path, self.channels))
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
        said.append(str(error))
        return None
    if card and card.sha256 and card.sha256 != sha256:
        said.append(f"The card {card_path(path).name} was written for another version of this file.")
    return card


def _class_names(model, given, card, data, said) -> list[str]:
    if given is not None:
        return list(given)
    count = n_classes(model)
    if card and card.class_names:
        if len(card.class_names) == count:
            return list(card.class_names)
        said.append(
            f"The card names {len(card.class_names)} classes, but the model has {count}: its names are not used."
        )
    if data is not None and len(data.class_names) == count:
        said.append(f"The class names are those of the data set {data.name}, in alphabetical order.")
        return list(data.class_names)
    said.append(f"The names of the {count} classes are not known: they are called class 0 to class {count - 1}.")
    return [f"class {i}" for i in range(count)]


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
        said.append(f"The card names the preprocessing {card.preprocessing}, which is not known here: it is not used.")
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
        said.append(f"The card names the resize method {card.resize}, which is not known here: it is not used.")
    if native:
        return "nearest"
    said.append("Pictures are resized by nearest neighbour, as Keras's load_img does.")
    return "nearest"


def _input_size(model, fixed, channels, given, card, said) -> int | tuple[int, int] | None:
    if given is not None:
        return given
    noted = tuple(card.input_size) if card and card.input_size else None
    if None not in fixed:
        if noted and noted != fixed:
            said.append(f"The card names another input size than the model's own {fixed[0]}x{fixed[1]}.")
        return None
    if noted and all(own in (None, side) for own, side in zip(fixed, noted)):
        return noted
    if resizes_itself(model, channels):
        said.append(
            Message(
                "The model brings images to one size itself, so they go in at their own size (no resize before it)."
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
