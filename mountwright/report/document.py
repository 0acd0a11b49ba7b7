"""The report as a JSON document, as the command line's contract has it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from mountwright.outcome import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mountwright.errors import HostError
    from mountwright.outcome import HostOutcome


def hosts_document(outcomes: Iterable[HostOutcome]) -> dict[str, Any]:
    """Return ``{"hosts": {...}, "summary": {...}}`` for the outcomes."""
    hosts: dict[str, Any] = {}
    summary = {status.value: 0 for status in Status}
    for outcome in outcomes:
        summary[outcome.status.value] += 1
        hosts[outcome.host] = {
            "status": outcome.status.value,
            "changes": [
                {"resource": change.resource, "summary": change.summary, "diff": change.diff}
                | ({"notes": list(change.notes)} if change.notes else {})
                for change in outcome.changes
            ],
            "error": error_document(outcome.error),
            "seconds": round(outcome.seconds, 3),
        } | ({"remarks": list(outcome.remarks)} if outcome.remarks else {})
    return {"hosts": hosts, "summary": summary}


def error_document(error: HostError | None) -> dict[str, Any] | None:
    """Return a host's error as data."""
    if error is None:
        return None
    return {"resource": error.resource, "message": error.message, "output": list(error.output)}


def write_json(document: object) -> None:
    """Write one document to stdout. Bytes of a host that were no UTF-8 are written as escapes."""
    json.dump(document, sys.stdout, indent=2, ensure_ascii=True)
    sys.stdout.write("\n")
    sys.stdout.flush()
