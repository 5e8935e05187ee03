"""The invented makes: each with an emblem and a grille. The names and signs stand for no maker."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Make:
    """A make: its ``emblem``, the ``outline`` and ``pattern`` of its grille and where the emblem sits.

    ``seat`` is ``grille`` (in the middle of it) or ``lip`` (on the body above it); ``wide`` and ``tall`` scale the
    grille's box; ``metal`` is the colour of its bars: ``chrome``, ``black`` or ``dark``.
    """

    name: str
    emblem: str
    outline: str
    pattern: str
    seat: str = "grille"
    wide: float = 1.0
    tall: float = 1.0
    metal: str = "chrome"
    frame: bool = True


_OWN = (
    Make("Arvola", "drop", "trapeze", "slats", wide=1.0, tall=1.15),
    Make("Brentis", "hexagon", "hexagon", "comb", seat="lip", wide=1.1, metal="dark"),
    Make("Kestro", "crescent", "bowl", "bars", wide=1.15, tall=1.0),
    Make("Lumora", "wave", "stacked", "slats", wide=1.0, tall=1.05, metal="dark"),
    Make("Torvik", "sail", "slot", "bars", seat="lip", wide=1.25, tall=0.8, metal="dark"),
)

_OTHER = (
    Make("Dunmark", "hourglass", "oval", "comb", wide=1.0, tall=1.1),
    Make("Esquin", "petals", "hexagon", "bars", wide=1.05, tall=1.1),
    Make("Faldera", "shield", "slot", "slats", seat="lip", wide=1.1),
    Make("Gravina", "steps", "trapeze", "comb", seat="lip", wide=1.05, metal="dark"),
    Make("Hessa", "eye", "stacked", "bars", wide=1.05),
    Make("Jorland", "ladder", "bowl", "slats", metal="dark"),
    Make("Nimbrel", "cloud", "block", "wire", wide=0.9, tall=1.15),
    Make("Orsova", "fan", "block", "bars", seat="lip", wide=1.2, metal="dark"),
)

MAKE_SPECS = {make.name: make for make in _OWN + _OTHER}
MAKES = [make.name for make in _OWN]
OTHER_MAKES = [make.name for make in _OTHER]
