from .html import SECTIONS, report_html, write_report
from .settings import ReportSettings

__all__ = ["SECTIONS", "ReportSettings", "report_html", "write_report"]
