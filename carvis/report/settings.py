"""``ReportSettings``: what a report shows, and in which language."""

from collections.abc import Mapping
from dataclasses import dataclass

from carvis.language import ENGLISH


@dataclass(frozen=True)
class ReportSettings:
    """What a report shows.

    Attributes:
        images: rows of heatmaps at most.
        pairs: confused pairs shown with images.
        method: of the heatmaps.
        measure: occlude parts and test the heatmaps where that was not done yet, which takes minutes; without it the
            attention on parts is that of heatmaps alone, on a sample of the images.
        language: one of ``carvis.language.languages()``; texts in figures, and sentences on files that cannot be used,
            stay English.
        super_classes: class -> super-class, a property that slices are searched by; by default the first word of the
            class.
    """

    images: int = 8
    pairs: int = 5
    method: str = "grad-cam"
    measure: bool = False
    language: str = ENGLISH
    super_classes: Mapping[str, str] | None = None


DEFAULT = ReportSettings()
