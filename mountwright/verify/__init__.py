"""Does the storage work? The testinfra suite of ``tests/verify``, run against the hosts of an inventory."""

from mountwright.verify.result import HostVerdict, TestResult, VerifyReport
from mountwright.verify.runner import run

__all__ = ["HostVerdict", "TestResult", "VerifyReport", "run"]
