"""``k8s.bind``: which claim binds which volume, of files, of storage.yml or of the live cluster."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.kubernetes.binding.forecast import foretell
from mountwright.kubernetes.binding.reading import read_objects
from mountwright.kubernetes.manifests import load_manifests
from mountwright.report.binding import binding_document, binding_text
from mountwright.report.console import make_console
from mountwright.report.document import write_json
from mountwright.report.text import printable

if TYPE_CHECKING:
    from rich.console import Console

    from mountwright.cli.tasks import Options
    from mountwright.kubernetes.binding.objects import Objects


def bind(options: Options, path: str, *, live: bool) -> int:
    """Foretell the binding and print it; 0 also when claims stay pending."""
    console = make_console(stderr=options.json)
    objects = _objects(options, path, console, live=live)
    for warning in objects.warnings:
        console.print(f"warning: {printable(warning)}", style="yellow", markup=False)
    forecast = foretell(objects)
    if options.json:
        write_json(binding_document(forecast))
        return 0
    for line in binding_text(forecast):
        console.print(line)
    return 0


def _objects(options: Options, path: str, console: Console, *, live: bool) -> Objects:
    if path and live:
        raise InputError("--path and --live exclude each other: files, or the cluster as it is")
    if path:
        return read_objects(load_manifests(Path(path).expanduser()).require())
    # What only a cluster or an inventory needs is not loaded for files.
    from mountwright.cli import hosts  # noqa: PLC0415

    inventory, spec = hosts.load(options)
    hosts.show_warnings(console, inventory, spec)
    if live:
        from mountwright.cli.cluster import kubectl  # noqa: PLC0415
        from mountwright.kubernetes.binding.live import read_cluster  # noqa: PLC0415

        with kubectl(options, inventory, spec) as cluster:
            return read_cluster(cluster)
    from mountwright.kubernetes.rendering import render_objects  # noqa: PLC0415

    return read_objects(render_objects(spec, secrets=False))
