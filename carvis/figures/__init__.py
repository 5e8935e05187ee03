"""Matplotlib figures for files and reports: each function returns a Figure and shows nothing."""

from carvis.figures.confusion import confusion_matrix
from carvis.figures.files import figure_bytes, write_figure
from carvis.figures.heatmaps import heatmap_comparison
from carvis.figures.sheets import picture_sheet
from carvis.figures.spectra import layer_spectra

__all__ = ["confusion_matrix", "figure_bytes", "heatmap_comparison", "layer_spectra", "picture_sheet", "write_figure"]
