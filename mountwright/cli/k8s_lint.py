"""``k8s.lint``: what is wrong with manifests, of storage.yml or of any folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mountwright.cli.lint import show
from mountwright.errors import InputError
from mountwright.kubernetes.lint.linter import Settings, lint, rule_ids
from mountwright.kubernetes.lint.versions import minor_version
from mountwright.kubernetes.manifests import Loaded, load_manifests

if TYPE_CHECKING:
    from mountwright.cli.tasks import Options
    from mountwright.spec import StorageSpec


def objects(options: Options, path: str, kubernetes: str, disable: str) -> int:
    """Lint the files at ``path``, or what storage.yml declares; the exit code says whether there was an error.

    With ``path`` and an inventory the files are held against that inventory.
    """
    disabled = rule_ids(disable)
    minor = minor_version(kubernetes) if kubernetes else None
    loaded = load_manifests(Path(path).expanduser()) if path else None
    inventory = spec = None
    # An inventory that is only found by chance (the environment) is not what files are held against.
    if loaded is None or options.inventory != Path():
        from mountwright.cli import hosts  # noqa: PLC0415 - files need none of it

        inventory, spec = hosts.load(options)
        minor = minor or _declared_version(spec)
    if loaded is None:
        loaded = _rendered(spec)
    settings = Settings(minor, disabled, spec, inventory)
    return show(lint(loaded.manifests, settings, loaded.problems), options)


def _declared_version(spec: StorageSpec) -> int | None:
    if spec.kubernetes is None:
        return None
    try:
        return minor_version(spec.kubernetes.version)
    except InputError as error:
        place = spec.document.problem(("kubernetes", "version"), f"{error.problems[0].message}; or say --kubernetes")
        raise InputError(place) from None


def _rendered(spec: StorageSpec | None) -> Loaded:
    """The objects of storage.yml; where a Secret's value is not at hand, the others."""
    from mountwright.kubernetes.rendering import render_objects  # noqa: PLC0415 - files need none of it

    if spec is None:
        return Loaded(())
    try:
        return Loaded(render_objects(spec))
    except InputError as error:
        return Loaded(render_objects(spec, secrets=False), error.problems)
