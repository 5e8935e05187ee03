"""Models against each other on the same pictures: who is right where, whether a gap is real, how honest confidence is.

Plain numpy functions, a concept a file, and ``compare``, which puts them together. Loads no TensorFlow.
"""

from carvis.evaluation.comparison.bootstrap import accuracy_difference, difference_by_class
from carvis.evaluation.comparison.calibration import expected_calibration_error, log_loss, reliability
from carvis.evaluation.comparison.comparing import Comparison, compare
from carvis.evaluation.comparison.coverage import area_under_risk, coverage_at, risk_coverage
from carvis.evaluation.comparison.lattice import lattice, pattern_words
from carvis.evaluation.comparison.significance import cochran, holm, mcnemar, pictures_needed
from carvis.evaluation.comparison.temperature import Temperature, fit_temperature, rescaled
from carvis.evaluation.comparison.timing import milliseconds_a_picture
from carvis.evaluation.comparison.verdicts import Verdict, cochran_words, left_out_words, sentence, verdict
from carvis.evaluation.comparison.writing import comparison_document, comparison_tables

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
