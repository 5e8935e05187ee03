"""The facts of a model that its file does not hold: as given, else by its card, else assumed.

What is assumed, and what a card says in vain, is added to ``assumptions``, one sentence each.
"""

from typing import TYPE_CHECKING, Any

import keras

from carvis.classifier.card import ModelCard, reading_of
from carvis.classifier.model_call import takes_whole_numbers
from carvis.classifier.model_input import MOST_NATIVE_PIXELS
from carvis.classifier.ranges.input import assumed_preprocessing
from carvis.classifier.shapes import resizes_itself
from carvis.classifier.vocabulary import OUTPUTS, PREPROCESSING_NAMES, OutputName, PreprocessingName, known_name
from carvis.images import ALPHAS, ORIENTATIONS, RESIZE_METHODS, Alpha, Orientation, ResizeMethod
from carvis.language import Message

if TYPE_CHECKING:
    from carvis.classifier.classifier import Classifier

# The side of images where neither the model, the card nor the caller states it.
OPEN_SIZE = 224


def preprocessing_of(
    model: keras.Model,
    requested: PreprocessingName | None,
    card: ModelCard | None,
    shape: tuple[int, int, int],
    assumptions: list[Message],
) -> PreprocessingName:
    """Return the preprocessing: the one given, else the card's, else the one that the model's graph suggests."""
    if requested:
        return requested
    assumed, sentence = assumed_preprocessing(model, shape)
    from_card = known_name(card.preprocessing, PREPROCESSING_NAMES) if card else None
    if from_card:
        if not takes_whole_numbers(model) or from_card == assumed:
            return from_card
        assumptions.append(
            Message(
                "The card names the preprocessing {name}, but the model takes integers: it is ignored.",
                name=from_card,
            )
        )
    elif card and card.preprocessing:
        assumptions.append(
            Message(
                "The card names the preprocessing {name}, which is unknown here: it is ignored.",
                name=card.preprocessing,
            )
        )
    assumptions.append(sentence)
    return assumed


def output_of(requested: OutputName | None, card: ModelCard | None, assumptions: list[Message]) -> OutputName | None:
    """Return what the output means as given or by the card; None leaves it to the graph."""
    if requested:
        return requested
    from_card = known_name(card.output, OUTPUTS) if card else None
    if card and card.output and from_card is None:
        assumptions.append(
            Message("The card names the output {name}, which is unknown here: it is ignored.", name=card.output)
        )
    return from_card


def resize_of(
    requested: ResizeMethod | None, card: ModelCard | None, assumptions: list[Message], native: bool
) -> ResizeMethod:
    """Return the resize method: the one given, else the card's, else that of Keras."""
    if requested:
        return requested
    if from_card := known_name(card.resize, RESIZE_METHODS) if card else None:
        return from_card
    if card and card.resize:
        assumptions.append(
            Message("The card names the resize method {name}, which is unknown here: it is ignored.", name=card.resize)
        )
    if native:
        return "nearest"
    assumptions.append(Message("Images are resized by nearest neighbour, as by Keras's load_img."))
    return "nearest"


def reading_of_files(
    alpha: Alpha | None, orientation: Orientation | None, card: ModelCard | None, assumptions: list[Message]
) -> tuple[Alpha, Orientation]:
    """Return how image files are read (alpha, orientation): as given, else by the card, else as Keras reads."""
    reading, assumed = reading_of(card)
    requested = {"alpha": alpha, "orientation": orientation}
    for name, choices in (("alpha", ALPHAS), ("orientation", ORIENTATIONS)):
        from_card = getattr(card, name, None)
        if from_card and from_card not in choices and not requested[name]:
            assumptions.append(
                Message(
                    "The card names {value} for {name}, which is unknown here: it is ignored.",
                    value=from_card,
                    name=name,
                )
            )
    assumed = [name for name in assumed if not requested[name]]
    if "alpha" in assumed:
        assumptions.append(
            Message("Transparent images are read without their alpha channel (drop-alpha), as by Keras's load_img.")
        )
    if "orientation" in assumed:
        assumptions.append(
            Message("Images are not rotated by their EXIF orientation (as-stored), as by Keras's load_img.")
        )
    return alpha or reading.alpha, orientation or reading.orientation


def tokens_of(grid: int | tuple[int, int] | None, extra: int | None, card: ModelCard | None) -> dict[str, Any]:
    """Return ``token_grid`` and ``extra_tokens`` of a ``Classifier``: as given, else by the card."""
    from_card = (card.token_grid, card.extra_tokens) if card else (None, None)
    sides = (grid, grid) if isinstance(grid, int) else grid or from_card[0]
    return {
        "token_grid": (int(sides[0]), int(sides[1])) if sides else None,
        "extra_tokens": from_card[1] if extra is None and grid is None else extra,
    }


def unfitting_tokens(clf: "Classifier") -> Message | None:
    """Say that what is given of a model's tokens fits none of its layers; None where it does, or nothing is given."""
    if clf.token_grid is None and clf.extra_tokens is None:
        return None
    for call in clf.layer_graph.calls:
        sides = call.tokens and (call.tokens.height, call.tokens.width)
        if call.tokens and clf.token_grid in (None, sides) and clf.extra_tokens in (None, call.tokens.extra):
            return None
    return Message(
        "No layer of {model} has tokens with the grid {grid} and {extra} extra tokens: this is ignored.",
        model=clf.name,
        grid="x".join(map(str, clf.token_grid)) if clf.token_grid else "?",
        extra="?" if clf.extra_tokens is None else clf.extra_tokens,
    )


def input_size_of(
    model: keras.Model,
    fixed: tuple[int | None, int | None],
    channels: int,
    requested: int | tuple[int, int] | None,
    card: ModelCard | None,
    assumptions: list[Message],
) -> int | tuple[int, int] | None:
    """Return the input size; None where the model decides it, or takes images at their own size."""
    if requested is not None:
        return requested
    height, width = card.input_size if card and card.input_size else (None, None)
    from_card = (height, width) if height and width else None
    if None not in fixed:
        if from_card and from_card != fixed:
            assumptions.append(
                Message(
                    "The card's input size differs from the model's own {height}x{width}.",
                    height=fixed[0],
                    width=fixed[1],
                )
            )
        return None
    if from_card and all(own in (None, side) for own, side in zip(fixed, from_card)):
        return from_card
    if resizes_itself(model, channels):
        assumptions.append(Message("The model resizes images itself, so they go in at their own size."))
        assumptions.append(
            Message(
                "Heatmaps and activations of images above {n} million pixels are computed on a smaller copy"
                " to save memory; predictions use the full image.",
                n=MOST_NATIVE_PIXELS // 10**6,
            )
        )
        return None
    height, width = (side or OPEN_SIZE for side in fixed)
    assumptions.append(
        Message(
            "The model has no fixed input size: {height}x{width} is used. Choose another with input_size"
            " (--input-size).",
            height=height,
            width=width,
        )
    )
    return height, width
