"""Where the roles, templates and suites are that travel with Mountwright."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def bundled(name: str) -> Path:
    """Return the path of a file or folder of the project (``templates``, ``tests/verify``, ``tasks.py``).

    In a checkout it stands beside the package; in an installed wheel it is inside it. Raises FileNotFoundError
    when the installation is damaged.
    """
    for root in (_PACKAGE / "_bundled", _PACKAGE.parent):
        path = root / name
        if path.exists():
            return path
    raise FileNotFoundError(f"{name} is missing from this installation of mountwright")
