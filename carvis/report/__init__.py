"""The report: one HTML file that holds everything and opens anywhere."""

from carvis.report.html import SECTIONS, report_html, write_report

__all__ = ["SECTIONS", "report_html", "write_report"]
