"""The suite of ``inv verify``: what storage.yml declares, asked of the hosts in testinfra's way.

Its tests are run by ``mountwright.verify``, which gives them the host and what is asked of it. Run by anything else
they would ask the wrong machine, so nothing is collected then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from testinfra.host import Host


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave every test file out unless the plugin of ``inv verify`` is there."""
    if collection_path.suffix == ".py" and not config.pluginmanager.has_plugin("mountwright-verify"):
        return True
    return None


@pytest.fixture(scope="session")
def output(host: Host) -> Callable[..., str]:
    """Run a command that must succeed; return what it printed, without the last line end."""

    def run(command: str, *arguments: str) -> str:
        done = host.run(command, *arguments)
        said = done.stderr.strip() or "nothing on stderr"
        assert done.rc == 0, f"{command % arguments} ended with exit code {done.rc}: {said}"
        text: str = done.stdout
        return text.rstrip("\n")

    return run
