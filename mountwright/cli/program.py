"""The installed ``mountwright`` command: the tasks of tasks.py without a checkout."""

from __future__ import annotations

import importlib.util
import sys

from invoke.collection import Collection
from invoke.program import Program

from mountwright import __version__
from mountwright.paths import bundled


def main() -> None:
    """Run the command line."""
    path = bundled("tasks.py")
    # tasks.py imports `roles`, which stands beside it, as it does when `inv` runs it in a checkout.
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("tasks", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} can't be loaded: the installation is damaged")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    Program(
        namespace=Collection.from_module(module), name="Mountwright", binary="mountwright", version=__version__
    ).run()
