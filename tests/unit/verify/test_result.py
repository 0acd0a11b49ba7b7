"""The report as data."""

from __future__ import annotations

from mountwright.errors import UnreachableError
from mountwright.outcome import Status
from mountwright.verify.result import HostVerdict, TestResult, VerifyReport, judge

PASSED = TestResult("It works", "passed", "", 0.25)
FAILED = TestResult("It holds", "failed", "it does not\nat all")
SKIPPED = TestResult("It flies", "skipped", "no wings")


def test_verdict_of_tests():
    """One failed test fails the host, and the first is what is told; skipped ones don't count."""
    verdict = judge("node1", (PASSED, FAILED, FAILED, SKIPPED), None, 1.0)
    assert verdict.status is Status.FAILED
    assert verdict.error.message == "2 of 4 tests failed; the first: It holds"
    assert verdict.error.output == ("it does not", "at all")
    assert judge("node1", (PASSED, SKIPPED), None, 1.0).status is Status.UNCHANGED


def test_document():
    """The JSON is the hosts document with each host's tests, and the exit code says whether all is well."""
    gone = HostVerdict("node2", Status.UNREACHABLE, (), UnreachableError("no answer"), 2.0)
    report = VerifyReport({"node1": judge("node1", (PASSED,), None, 1.0), "node2": gone})
    assert report.exit_code == 1
    assert report.as_json() == {
        "hosts": {
            "node1": {
                "status": "unchanged",
                "changes": [],
                "error": None,
                "seconds": 1.0,
                "tests": [{"name": "It works", "outcome": "passed", "message": "", "seconds": 0.25}],
            },
            "node2": {
                "status": "unreachable",
                "changes": [],
                "error": {"resource": "", "message": "no answer", "output": []},
                "seconds": 2.0,
                "tests": [],
            },
        },
        "summary": {
            "unchanged": 1,
            "planned": 0,
            "changed": 0,
            "failed": 0,
            "unreachable": 1,
            "skipped": 0,
            "tests": {"passed": 1, "failed": 0, "skipped": 0},
        },
    }


def test_nothing_to_verify():
    """No host with a part in storage.yml: said so, and all is well."""
    assert (VerifyReport().empty, VerifyReport().exit_code) == (True, 0)
