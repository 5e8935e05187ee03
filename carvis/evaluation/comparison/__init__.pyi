from .agreement import lattice, pattern_words
from .bootstrap import accuracy_difference, difference_by_class
from .calibration import expected_calibration_error, log_loss, reliability
from .comparison import Comparison, compare
from .export import comparison_document, comparison_tables
from .latency import milliseconds_a_picture
from .selective import area_under_risk, coverage_at, risk_coverage
from .significance import cochran, holm, mcnemar, pictures_needed
from .temperature import Temperature, fit_temperature, rescaled
from .verdicts import Verdict, cochran_words, left_out_words, sentence, verdict

__all__ = [
    "Comparison",
    "Temperature",
    "Verdict",
    "accuracy_difference",
    "area_under_risk",
    "cochran",
    "cochran_words",
    "compare",
    "comparison_document",
    "comparison_tables",
    "coverage_at",
    "difference_by_class",
    "expected_calibration_error",
    "fit_temperature",
    "holm",
    "lattice",
    "left_out_words",
    "log_loss",
    "mcnemar",
    "milliseconds_a_picture",
    "pattern_words",
    "pictures_needed",
    "reliability",
    "rescaled",
    "risk_coverage",
    "sentence",
    "verdict",
]
