"""The preflight: what stands in the way of ``inv site``, found by reading alone."""

from mountwright.doctor.finding import DoctorReport, Finding, HostHealth, Severity
from mountwright.doctor.run import examine

__all__ = ["DoctorReport", "Finding", "HostHealth", "Severity", "examine"]
