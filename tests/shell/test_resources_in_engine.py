"""The generic resources through the engine itself: one probe, one apply, and nothing the second time."""

from __future__ import annotations

from mountwright.converge import converge
from mountwright.outcome import Silence, Status
from mountwright.resources.absent import Absent
from mountwright.resources.directory import Directory
from mountwright.resources.file import File
from mountwright.resources.package import Package
from tests.unit.engine.machine import ShellTransport


def test_two_runs(tmp_path):
    """Hostile names and contents pass the engine's framing; a second run finds nothing to do, with one program."""
    work = tmp_path / "it's $(touch evil)\nmw"
    work.mkdir()
    (work / "old").write_text("x")
    resources = [
        Package({"debian": ("dpkg", "tar"), "redhat": "rpm", "suse": "rpm"}),
        Directory(f"{work}/folder", mode="0700", owner=""),
        File(f"{work}/folder/file", "content\n'\"$(touch evil)\n\n", owner="", group=""),
        Absent(f"{work}/old"),
    ]
    seen = []
    for _ in range(2):
        transport = ShellTransport(tmp_path)
        outcome = converge(
            "host", resources, lambda made=transport: made, Silence(), check=False, before_changes=lambda: None
        )
        assert outcome.error is None
        seen.append((outcome.status, len(outcome.changes), len(transport.programs)))
    assert seen == [(Status.CHANGED, 3, 3), (Status.UNCHANGED, 0, 1)]
    assert (work / "folder" / "file").read_text() == "content\n'\"$(touch evil)\n\n"
    assert not (tmp_path / "evil").exists()
