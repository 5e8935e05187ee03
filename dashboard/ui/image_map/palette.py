"""Colours and marks of groups on the map: told apart without colour vision, on a light and on a dark page."""

# Each at 3:1 or more against the page; neighbours differ in lightness, too.
_LIGHT = ("#0072b2", "#d55e00", "#007f5f", "#aa4499", "#8c6d00", "#4590c4", "#882255")
_DARK = ("#56b4e9", "#e69f00", "#2cc295", "#cc79a7", "#f0e442", "#6f8fff", "#ff8a70")
_MARKS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "triangle-down", "ring")
# Groups with a colour and a mark of their own; more are drawn together. No two are alike, as 7 and 8 share no divisor.
MOST_GROUPS = len(_LIGHT) * len(_MARKS)


def look(place: int, dark: bool) -> tuple[str, str]:
    """Return the colour and the mark of a group by its place: neighbours differ in both."""
    colours = _DARK if dark else _LIGHT
    return colours[place % len(colours)], _MARKS[place % len(_MARKS)]


def grey(dark: bool) -> str:
    """Return the colour of what belongs to no group."""
    return "#7d8590" if dark else "#8a9099"
