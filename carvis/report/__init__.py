"""The report: one HTML file that holds everything and opens anywhere."""

from carvis.report.writing import SECTIONS, write_report

__all__ = ["SECTIONS", "write_report"]
