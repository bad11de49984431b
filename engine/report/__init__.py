"""The report of a build: one HTML file that shows the data, made from what lies in the build's folder."""

from glotmill.engine.report.finished_build import REPORT
from glotmill.engine.report.page import report_data, write_report

__all__ = ["REPORT", "report_data", "write_report"]
