"""The preflight: what stands in the way of ``inv site``, found by reading alone."""

from mountwright.doctor.examination import examine
from mountwright.doctor.finding import DoctorReport, Finding, HostHealth, Severity

__all__ = ["DoctorReport", "Finding", "HostHealth", "Severity", "examine"]
