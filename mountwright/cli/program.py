"""The installed ``mountwright`` command: the tasks of tasks.py without a checkout."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from invoke.collection import Collection
from invoke.program import Program

from mountwright import __version__
from mountwright.cli.tasks import discard_output
from mountwright.paths import bundled


def load_namespace() -> Collection:
    """Return the tasks of tasks.py.

    Raises FileNotFoundError or ImportError when the installation is damaged.
    """
    path = bundled("tasks.py")
    # tasks.py imports `roles`, which stands beside it, as it does when `inv` runs it in a checkout.
    if str(path.parent) not in sys.path:
        sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location("tasks", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} can't be loaded: the installation is damaged")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Collection.from_module(module)


class _Program(Program):
    """Invoke's program, which also reads the invoke.yaml of the current folder, as `inv` does in a checkout."""

    def parse_collection(self) -> None:
        super().parse_collection()
        self.config.set_project_location(Path.cwd())
        self.config.load_project()


def main() -> None:
    """Run the command line."""
    try:
        _Program(namespace=load_namespace(), name="Mountwright", binary="mountwright", version=__version__).run()
    except BrokenPipeError:
        discard_output()
        sys.exit(1)
