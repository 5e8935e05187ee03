from .agreement import lattice, pattern_words
from .averaging import Averaging, average_probabilities, check_same_classes
from .bootstrap import accuracy_difference, difference_by_class
from .calibration import expected_calibration_error, reliability
from .comparison import Comparison, compare
from .export import comparison_document, comparison_tables
from .latency import milliseconds_per_image
from .selective import area_under_risk, coverage_at, risk_coverage
from .significance import cochran, holm, images_needed, mcnemar, p_words
from .temperature import Effect, Temperature, fit_temperature, rescaled
from .verdicts import Verdict, cochran_finding, temperature_finding, verdict

__all__ = [
    "Averaging",
    "Comparison",
    "Effect",
    "Temperature",
    "Verdict",
    "accuracy_difference",
    "area_under_risk",
    "average_probabilities",
    "check_same_classes",
    "cochran",
    "cochran_finding",
    "compare",
    "comparison_document",
    "comparison_tables",
    "coverage_at",
    "difference_by_class",
    "expected_calibration_error",
    "fit_temperature",
    "holm",
    "images_needed",
    "lattice",
    "mcnemar",
    "milliseconds_per_image",
    "p_words",
    "pattern_words",
    "reliability",
    "rescaled",
    "risk_coverage",
    "temperature_finding",
    "verdict",
]
