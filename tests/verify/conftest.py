"""The suite of ``inv verify``: what storage.yml declares, asked of the hosts in testinfra's way.

Its tests are run by ``mountwright.verify``, which gives them the host and what is asked of it. Run by anything else
they would ask the wrong machine, so nothing is collected then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave every test file out unless the plugin of ``inv verify`` is there."""
    if collection_path.suffix == ".py" and not config.pluginmanager.has_plugin("mountwright-verify"):
        return True
    return None
