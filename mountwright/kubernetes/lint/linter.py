"""All checks over a set of objects, as findings."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mountwright.errors import InputError
from mountwright.kubernetes.findings import Finding
from mountwright.kubernetes.lint.ages import check_ages
from mountwright.kubernetes.lint.ceph_config import check_ceph_config
from mountwright.kubernetes.lint.classes import check_classes
from mountwright.kubernetes.lint.context import Context
from mountwright.kubernetes.lint.declared import check_declared
from mountwright.kubernetes.lint.names import check_names
from mountwright.kubernetes.lint.objects import Objects
from mountwright.kubernetes.lint.references import check_claims, check_pods, check_volume_classes
from mountwright.kubernetes.lint.rules import RULES
from mountwright.kubernetes.lint.sameness import check_sameness
from mountwright.kubernetes.lint.schema_check import check_schemas
from mountwright.kubernetes.lint.secret_references import check_secret_references
from mountwright.kubernetes.lint.secrets import check_secrets
from mountwright.kubernetes.lint.versions import newest
from mountwright.kubernetes.lint.volumes import check_volumes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mountwright.errors import Problem
    from mountwright.inventory import Inventory
    from mountwright.kubernetes.lint.parts import Fault
    from mountwright.kubernetes.manifests import Manifest
    from mountwright.spec import StorageSpec

_CHECKS = (
    check_schemas,
    check_names,
    check_ages,
    check_volumes,
    check_classes,
    check_claims,
    check_volume_classes,
    check_pods,
    check_secrets,
    check_secret_references,
    check_ceph_config,
    check_sameness,
    check_declared,
)


@dataclass(frozen=True)
class Settings:
    """What objects are linted for.

    ``minor`` is the minor version of Kubernetes, None for the newest that is known. ``disabled`` are ids of rules
    that are left out. With ``spec`` and ``inventory`` the objects are held against what is declared there.
    """

    minor: int | None = None
    disabled: frozenset[str] = frozenset()
    spec: StorageSpec | None = None
    inventory: Inventory | None = None


def lint(
    manifests: Iterable[Manifest],
    settings: Settings,
    problems: Iterable[Problem] = (),
    missing_values: Iterable[Problem] = (),
) -> list[Finding]:
    """Return the findings about objects that belong together, by file and line.

    ``problems`` are those of files that could not be read, ``missing_values`` those of Secrets whose values are not
    at hand; both are findings too.
    """
    minor = newest() if settings.minor is None else settings.minor
    context = Context(Objects(manifests), minor, settings.spec, settings.inventory)
    findings = {_of_problem("unreadable", problem) for problem in problems}
    findings |= {_of_problem("secret-value", problem) for problem in missing_values}
    findings |= {_finding(fault) for check in _CHECKS for fault in check(context)}
    kept = (finding for finding in findings if finding.rule not in settings.disabled)
    return sorted(kept, key=lambda each: (each.file, each.line, each.object, each.rule, each.message))


def rule_ids(text: str) -> frozenset[str]:
    """The ids of a list with commas. Raises InputError for one that no rule has."""
    ids = frozenset(part.strip() for part in text.split(",")) - {""}
    for name in sorted(ids - RULES.keys()):
        raise InputError(f"--disable: {_no_rule(name)}")
    return ids


def disabled_rules(spec: StorageSpec) -> frozenset[str]:
    """The rules that storage.yml leaves out. Raises InputError with the line of each that does not exist."""
    names = spec.kubernetes.lint.disable if spec.kubernetes is not None else ()
    problems = [
        spec.document.problem(("kubernetes", "lint", "disable", index), _no_rule(name))
        for index, name in enumerate(names)
        if name not in RULES
    ]
    if problems:
        raise InputError(problems)
    return frozenset(names)


def _no_rule(name: str) -> str:
    near = difflib.get_close_matches(name, RULES, 1)
    hint = f"; did you mean {near[0]}?" if near else "; docs/lint-rules.md lists them"
    return f"{name!r} is no rule{hint}"


def _finding(fault: Fault) -> Finding:
    rule = RULES[fault.rule]
    return Finding(
        rule=fault.rule,
        severity=rule.severity,
        file=fault.manifest.source,
        line=fault.manifest.line(fault.path),
        object=fault.manifest.object,
        message=fault.message,
        remedy=fault.remedy or rule.remedy,
    )


def _of_problem(name: str, problem: Problem) -> Finding:
    rule = RULES[name]
    where = f"{problem.key}: " if problem.key else ""
    return Finding(
        rule=name,
        severity=rule.severity,
        file=problem.source,
        line=max(problem.line, 1),
        object="",
        message=f"{where}{problem.message}",
        remedy=rule.remedy,
    )
