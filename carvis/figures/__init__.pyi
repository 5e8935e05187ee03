from .attention import attention_by_class, attention_by_part
from .comparison import map_differences
from .concepts import concept_sheet, mapped
from .confusion import cell_text, confusion_matrix
from .files import figure_bytes, write_figure
from .heatmaps import heatmap_comparison
from .scoreboard import model_scoreboard, reliability_diagrams
from .sheets import image_sheet
from .spectra import layer_spectra

__all__ = [
    "attention_by_class",
    "attention_by_part",
    "cell_text",
    "concept_sheet",
    "confusion_matrix",
    "figure_bytes",
    "heatmap_comparison",
    "image_sheet",
    "layer_spectra",
    "map_differences",
    "mapped",
    "model_scoreboard",
    "reliability_diagrams",
    "write_figure",
]
