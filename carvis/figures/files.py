"""Figures as the bytes of a file."""

import io
from pathlib import Path

from matplotlib.figure import Figure

from carvis.workspace import atomic_write


def figure_bytes(figure: Figure, format: str = "png") -> bytes:
    """Return a figure as the bytes of a ``png``, ``jpg``, ``svg`` or ``pdf`` file."""
    buffer = io.BytesIO()
    # Dates in the file would make the same figure different bytes.
    metadata = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(format)
    figure.savefig(buffer, format=format, metadata=metadata)
    return buffer.getvalue()


def write_figure(path: str | Path, figure: Figure) -> Path:
    """Write a figure in the format that the file's name ends in."""
    return atomic_write(path, figure_bytes(figure, Path(path).suffix.lstrip(".").lower() or "png"))
