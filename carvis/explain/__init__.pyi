from .agreement.disagreement import disagreements
from .agreement.similarity import compare_maps, density_difference
from .attention import attention_on_parts
from .faithfulness_metrics.evidence_swap import evidence_swap
from .faithfulness_metrics.scores import faithfulness
from .filters.patterns import FilterPatterns
from .filters.render import draw_filters, filter_patterns
from .filters.settings import FilterSettings
from .filters.several_layers import draw_layers, first_of_each_block
from .heatmap import Heatmap
from .methods import METHODS
from .scale import SCALES, scale_maps
from .sets import heatmap_sets, heatmaps
from .status import STATUS_MESSAGES
from .target import Contrast
from .units.fine_tuning import matching_layers, tuning_table
from .units.layer_activations import activations
from .units.layer_spectrum import activation_spectra
from .units.spectrum import Spectrum, pattern_spectrum, radial_spectrum, white_noise
from .units.top_images import TopImages, activation_maps, top_images

__all__ = [
    "METHODS",
    "SCALES",
    "STATUS_MESSAGES",
    "Contrast",
    "FilterPatterns",
    "FilterSettings",
    "Heatmap",
    "Spectrum",
    "TopImages",
    "activation_maps",
    "activation_spectra",
    "activations",
    "attention_on_parts",
    "compare_maps",
    "density_difference",
    "disagreements",
    "draw_filters",
    "draw_layers",
    "evidence_swap",
    "faithfulness",
    "filter_patterns",
    "first_of_each_block",
    "heatmap_sets",
    "heatmaps",
    "matching_layers",
    "pattern_spectrum",
    "radial_spectrum",
    "scale_maps",
    "top_images",
    "tuning_table",
    "white_noise",
]
