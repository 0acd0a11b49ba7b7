"""``k8s.lint``: what is wrong with manifests, of storage.yml or of any folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mountwright.cli.lint import show
from mountwright.errors import InputError
from mountwright.kubernetes.lint.linter import Settings, disabled_rules, lint, rule_ids
from mountwright.kubernetes.lint.versions import minor_version
from mountwright.kubernetes.manifests import load_manifests

if TYPE_CHECKING:
    from mountwright.cli.tasks import Options
    from mountwright.kubernetes.findings import Finding
    from mountwright.spec import StorageSpec


def objects(options: Options, path: str, kubernetes: str, disable: str) -> int:
    """Lint the files at ``path``, or what storage.yml declares; the exit code says whether there was an error.

    With ``path`` and an inventory the files are held against that inventory.
    """
    disabled = rule_ids(disable)
    minor = minor_version(kubernetes) if kubernetes else None
    if not path:
        return show(_declared(options, minor, disabled), options)
    loaded = load_manifests(Path(path).expanduser())
    settings = Settings(minor, disabled)
    # An inventory that is only found by chance (the environment) is not what files are held against.
    if options.inventory != Path():
        settings, _ = _settings(options, minor, disabled)
    return show(lint(loaded.manifests, settings, loaded.problems), options)


def _settings(options: Options, minor: int | None, disabled: frozenset[str]) -> tuple[Settings, StorageSpec]:
    from mountwright.cli import hosts  # noqa: PLC0415 - files need none of it

    inventory, spec = hosts.load(options)
    return Settings(minor or _declared_version(spec), disabled | disabled_rules(spec), spec, inventory), spec


def _declared(options: Options, minor: int | None, disabled: frozenset[str]) -> list[Finding]:
    """Lint what storage.yml declares; where a Secret's value is not at hand, all but the Secrets."""
    from mountwright.kubernetes.rendering import render_objects  # noqa: PLC0415 - files need none of it

    settings, spec = _settings(options, minor, disabled)
    try:
        return lint(render_objects(spec), settings)
    except InputError as error:
        return lint(render_objects(spec, secrets=False), settings, missing_values=error.problems)


def _declared_version(spec: StorageSpec) -> int | None:
    if spec.kubernetes is None:
        return None
    try:
        return minor_version(spec.kubernetes.version)
    except InputError as error:
        place = spec.document.problem(("kubernetes", "version"), f"{error.problems[0].message}; or say --kubernetes")
        raise InputError(place) from None
