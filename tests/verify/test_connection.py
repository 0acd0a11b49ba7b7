"""The host can be reached, and commands run as root."""

from __future__ import annotations


def test_commands_run_as_root(host):
    """Commands run as root."""
    done = host.run("id -u")
    assert done.stdout.strip() == "0", f"id -u says {done.stdout.strip()!r}: set ansible_become, or connect as root"
