"""Reports: HTML pages that open from disk, and the same figures as JSON."""

from pytrain.evaluation.report.four_shapes import as_html, write_report
from pytrain.evaluation.report.transfer import write_transfer_report

__all__ = ["as_html", "write_report", "write_transfer_report"]
