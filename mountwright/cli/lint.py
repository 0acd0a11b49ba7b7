"""The tasks that check files and touch no host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.kubernetes.findings import count, findings_document
from mountwright.kubernetes.local_path.config import read_configurations
from mountwright.kubernetes.local_path.lint import lint_configurations
from mountwright.report.console import make_console
from mountwright.report.document import write_json
from mountwright.report.findings import findings_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mountwright.cli.tasks import Options
    from mountwright.kubernetes.findings import Finding


def local(options: Options, path: str) -> int:
    """Check a configuration of the local-path-provisioner; the exit code says whether there was an error."""
    if not path:
        raise InputError(
            "say what to check with --path: a config.json, or manifests with the provisioner's ConfigMap"
        )
    return show(lint_configurations(read_configurations(Path(path))), options)


def show(findings: Sequence[Finding], options: Options) -> int:
    """Print findings, as text or as JSON, and return the exit code."""
    if options.json:
        write_json(findings_document(findings))
    else:
        console = make_console(stderr=False)
        for line in findings_text(findings, console.width):
            console.print(line, markup=False, highlight=False)
    return 1 if count(findings, "error") else 0
