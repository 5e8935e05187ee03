"""Matplotlib figures for files and reports: each function returns a Figure and shows nothing."""

from carvis.figures.attention import attention_by_class, attention_by_part
from carvis.figures.comparison import map_differences
from carvis.figures.confusion import cell_words, confusion_matrix
from carvis.figures.files import figure_bytes, write_figure
from carvis.figures.heatmaps import heatmap_comparison
from carvis.figures.scoreboard import model_scoreboard, reliability_diagrams
from carvis.figures.sheets import picture_sheet
from carvis.figures.spectra import layer_spectra

__all__ = [
    "attention_by_class",
    "attention_by_part",
    "cell_words",
    "confusion_matrix",
    "figure_bytes",
    "heatmap_comparison",
    "layer_spectra",
    "map_differences",
    "model_scoreboard",
    "picture_sheet",
    "reliability_diagrams",
    "write_figure",
]
