"""The task that writes the objects of storage.yml: to stdout, or to the files of a folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mountwright import yaml_lines
from mountwright.cli.hosts import load, show_warnings
from mountwright.errors import InputError
from mountwright.kubernetes.compose import render_compose
from mountwright.kubernetes.folder import write_folder
from mountwright.kubernetes.rendering import render_objects
from mountwright.report.console import make_console
from mountwright.report.document import write_json

if TYPE_CHECKING:
    from rich.console import Console

    from mountwright.cli.tasks import Options
    from mountwright.kubernetes.folder import Written
    from mountwright.kubernetes.manifests import Manifest
    from mountwright.spec import StorageSpec


def render(options: Options, out: str, *, secrets: bool, as_compose: bool) -> int:
    """Render what storage.yml declares; Secrets only where they are asked for. Returns the exit code, 0."""
    if as_compose and (out or secrets):
        raise InputError("--as-compose prints one file of its own: it goes without --out and --secrets")
    console = make_console(stderr=True)
    inventory, spec = load(options)
    show_warnings(console, inventory, spec)
    if as_compose:
        _print_compose(spec, options)
        return 0
    manifests = render_objects(spec, secrets=secrets)
    left_out = [] if secrets or spec.kubernetes is None else spec.kubernetes.secrets
    names = [f"Secret/{secret.namespace}/{secret.name}" for secret in left_out]
    written = write_folder(manifests, Path(out).expanduser()) if out else None
    if options.json:
        write_json(_document(manifests, written, names))
    elif written is None:
        sys.stdout.write("---\n".join(manifest.text for manifest in manifests))
    else:
        _say_written(console, written, out)
    if not manifests:
        console.print("nothing to render: storage.yml declares no objects of the cluster")
    if names:
        console.print(f"left out: {', '.join(names)}; --secrets renders them", markup=False, soft_wrap=True)
    return 0


def _print_compose(spec: StorageSpec, options: Options) -> None:
    text = render_compose(spec)
    if options.json:
        write_json(yaml_lines.parse(text, "compose").value)
    else:
        sys.stdout.write(text)


def _say_written(console: Console, written: Written, out: str) -> None:
    for name in written.files:
        if name in written.changed:
            console.print(f"wrote {Path(out) / name}", markup=False, highlight=False, soft_wrap=True)
    for name in written.removed:
        message = f"removed {Path(out) / name}: it is no longer rendered"
        console.print(message, markup=False, highlight=False, soft_wrap=True)
    wrote, removed = len(written.changed & set(written.files)), len(written.removed)
    console.print(f"{len(written.files)} objects in {out}: {wrote} written, {removed} removed", markup=False)


def _document(manifests: tuple[Manifest, ...], written: Written | None, left_out: list[str]) -> dict[str, Any]:
    """The answer as data: each object with its declaration, and its file or the object itself."""
    objects: list[dict[str, Any]] = []
    for index, manifest in enumerate(manifests):
        entry: dict[str, Any] = {"object": manifest.object, "source": manifest.source, "line": manifest.line()}
        if written is None:
            entry["manifest"] = manifest.data
        else:
            name = written.files[index]
            entry |= {"file": name, "written": name in written.changed}
        objects.append(entry)
    removed = list(written.removed) if written else []
    return {"objects": objects, "removed": removed, "left_out": left_out}
