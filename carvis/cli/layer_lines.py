"""A model's layers as lines of text that fit a terminal, with their names whole."""

from rich.cells import cell_len

_GAP = 2


class LayerLines:
    """Rows of a layer's name, its type and further cells; a name that leaves no room for the rest has its own line.

    Args:
        headings: of the columns.
        right: which columns stand at the right.
        width: of the terminal.
    """

    def __init__(self, headings: list[str], right: set[int], width: int):
        self._rows = [headings]
        self._right = right
        self._width = width

    def add_row(self, *cells: str) -> None:
        """Add a layer."""
        self._rows.append(list(cells))

    def lines(self) -> list[str]:
        """Return the lines; no line is wider than the terminal, unless a name alone is."""
        used = [place for place in range(2, len(self._rows[0])) if any(row[place] for row in self._rows[1:])]
        widths = {place: max(cell_len(row[place]) for row in self._rows) for place in used}
        rest = sum(widths.values()) + _GAP * len(used)
        # Name and type share what is left, the type at its end: rarely are both long.
        needed = max(cell_len(row[0]) + _GAP + cell_len(row[1]) for row in self._rows)
        room = min(needed, max(self._width - rest, max(cell_len(row[1]) for row in self._rows) + _GAP))
        lines = []
        for row in self._rows:
            name, kind = row[:2]
            gap = room - cell_len(name) - cell_len(kind)
            if gap < _GAP:
                lines += _folded(name, self._width)
                name, gap = "", room - cell_len(kind)
            line = name + " " * gap + kind
            for place in used:
                space = " " * (widths[place] - cell_len(row[place]))
                line += " " * _GAP + (space + row[place] if place in self._right else row[place] + space)
            lines.append(line.rstrip())
        return lines


def _folded(name: str, width: int) -> list[str]:
    """Break a path that is wider than the terminal between its parts."""
    lines = [""]
    for place, part in enumerate(name.split("/")):
        part = f"/{part}" if place else part
        if lines[-1] and cell_len(lines[-1] + part) > width:
            lines.append("  ")
        lines[-1] += part
    return lines
