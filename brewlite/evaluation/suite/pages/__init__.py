"""The report of a run as files: JSON for programs, one HTML page for people, a workbook for both."""

from brewlite.evaluation.suite.pages.writing import Written, write_report

__all__ = ["Written", "write_report"]
