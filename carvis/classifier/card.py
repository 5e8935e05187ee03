"""The model card: what a model file does not say of itself, as ``models/<stem>.json``."""

import re
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, Len
from typing_extensions import TypedDict

from carvis.classifier.vocabulary import known_name
from carvis.errors import CarvisError, ModelError
from carvis.images import ALPHAS, KERAS, ORIENTATIONS, USUAL, Reading
from carvis.language import Message
from carvis.workspace import check_json, links_beside, read_json, write_json
from carvis.workspace.json_schema import Listed, Mapped, Texts

_LARGEST_SIDE = 99_999
_IGNORED = Message("this is ignored until the card is corrected")


@dataclass
class ModelCard:
    """Facts about a model file, kept beside it.

    ``assumed`` names facts that no one has confirmed, such as those of a parent without a card that the model was
    trained from: they are used, but still checked. ``other`` holds what the file has beyond the fields
    known here, so that nothing is lost by writing it again. ``problems`` says in sentences which of the file's facts
    are of the wrong type, and are therefore among those.
    """

    class_names: list[str] | None = None
    input_size: list[int] | None = None
    channels: int | None = None
    preprocessing: str | None = None
    resize: str | None = None
    alpha: str | None = None
    orientation: str | None = None
    output: str | None = None
    token_grid: list[int] | None = None
    extra_tokens: int | None = None
    assumed: list[str] = field(default_factory=list)
    recipe: str | None = None
    backbone: str | None = None
    parent: str | None = None
    dataset: str | None = None
    dataset_fingerprint: str | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, Any] = field(default_factory=dict)
    sha256: str | None = None
    created: str | None = None
    notes: str | None = None
    other: dict[str, Any] = field(default_factory=dict)
    problems: list[Message] = field(default_factory=list, compare=False, repr=False)


_Sides = Annotated[Listed[Annotated[int, Ge(1), Le(_LARGEST_SIDE)]], Len(2, 2)]


class _CardFile(TypedDict, total=False):
    class_names: Texts
    input_size: _Sides
    channels: Literal[1, 3]
    preprocessing: str | None
    resize: str | None
    alpha: str | None
    orientation: str | None
    output: str | None
    token_grid: _Sides
    extra_tokens: Annotated[int, Ge(0), Le(_LARGEST_SIDE)]
    assumed: Texts
    recipe: str | None
    backbone: str | None
    parent: str | None
    dataset: str | None
    dataset_fingerprint: str | None
    metrics: Mapped[object]
    versions: Mapped[object]
    sha256: str | None
    created: str | None
    notes: str | None


def card_path(model_path: str | Path) -> Path:
    """Return where the card of a model file lies: the same name, ending in ``.json``."""
    return Path(model_path).with_suffix(".json")


def read_card(model_path: str | Path) -> ModelCard | None:
    """Read the card beside a model file, or None where there is none.

    Raises:
        ModelError: the card is not a JSON object, or a link that leads out of the model's folder.
    """
    if not links_beside(model_path).hold(card_path(model_path)):
        raise ModelError(
            Message(
                "{path} is a symbolic link out of its folder: put the file itself there.",
                path=card_path(model_path),
            )
        )
    path = card_path(model_path)
    if not path.is_file():
        return None
    facts = read_json(path, dict, newest=1, error=ModelError)
    card = ModelCard()
    for key, value in facts.items():
        # What is not known, or not of the kind it should be, is kept but not used.
        if key not in _CardFile.__annotations__:
            card.other[key] = value
            continue
        try:
            setattr(card, key, check_json({key: value}, _CardFile, path, remedy=_IGNORED)[key])
        except CarvisError as problem:
            card.other[key] = value
            card.problems.append(problem.args[0])
    return card


def reading_of(card: ModelCard | None) -> tuple[Reading, list[str]]:
    """Return how a model with this card reads image files, and which of ``alpha`` and ``orientation`` are assumed.

    What carvis trained or saved before cards named the reading was read in the usual way. A card that a person wrote
    for a model from elsewhere said nothing of it, as no card does: such a model was trained on what Keras reads.
    """
    by_carvis = bool(card and (card.recipe or "carvis" in card.versions))
    default = USUAL if by_carvis else KERAS
    alpha = known_name(card.alpha, ALPHAS) if card else None
    orientation = known_name(card.orientation, ORIENTATIONS) if card else None
    missing = [name for name, value in (("alpha", alpha), ("orientation", orientation)) if value is None]
    return Reading(alpha or default.alpha, orientation or default.orientation), [] if by_carvis else missing


def read_size(text: str | None) -> tuple[int, int] | None:
    """Read an input size as people write it, ``224`` or ``192x256``, height first; None for nothing.

    Raises:
        ModelError: it is no size.
    """
    if text is None or not text.strip():
        return None
    match = re.fullmatch(r"\s*(\d{1,5})\s*(?:[xX×,]\s*(\d{1,5})\s*)?", text, re.ASCII)
    height, width = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not (height and width):
        raise ModelError(
            Message(
                "{text} is not an input size: give one side, or height and width, such as 224 or 192x256.", text=text
            )
        )
    return height, width


def read_grid(text: str | None) -> tuple[int, int] | None:
    """Read the grid of a transformer's tokens as people write it, ``14`` or ``14x14``, height first; None for nothing.

    Raises:
        ModelError: it is no grid.
    """
    try:
        return read_size(text)
    except ModelError:
        raise ModelError(
            Message("{text} is not a grid of tokens: give its height and width, such as 14x14.", text=text)
        ) from None


def write_card(model_path: str | Path, card: ModelCard, overwrite: bool = False) -> Path:
    """Write the card beside a model file.

    Raises:
        ModelError: there is a card already and ``overwrite`` is False.
    """
    path = card_path(model_path)
    if path.exists() and not overwrite:
        raise ModelError(Message("{path} exists already: remove it, or ask for it to be overwritten.", path=path))
    facts = asdict(card)
    del facts["problems"]
    facts = facts.pop("other") | {key: value for key, value in facts.items() if value not in (None, {}, [])}
    return write_json(path, facts)


def update_card(model_path: str | Path, facts: dict[str, Any], sha256: str | None = None) -> Path:
    """Write facts that a person or a check has confirmed into the card, beside those already there.

    Args:
        facts: fields of ``ModelCard`` and their values.
        sha256: of the model file, which the card is then for.

    Raises:
        ModelError: the card that is there cannot be read.
    """
    card = read_card(model_path) or ModelCard()
    assumed = [fact for fact in card.assumed if fact not in facts]
    card = replace(card, **{"assumed": assumed} | facts, sha256=sha256 or card.sha256)
    return write_card(model_path, card, overwrite=True)
