"""``python -m mountwright.kubernetes.lint.reference`` prints docs/lint-rules.md."""

from __future__ import annotations

import sys

from mountwright.kubernetes.lint.rules import RULES
from mountwright.kubernetes.lint.versions import schema_folders

_HEAD = """\
# Rules for Kubernetes objects

What `inv k8s.lint` finds in the objects that storage.yml declares, or with `--path` in any file or folder of
manifests. Objects of one call are held against each other; with an inventory (`-i`) also against its hosts, its
exports and its version of Kubernetes. `--kubernetes 1.33` says the version where no inventory does; it may be
{oldest} to {newest}, and is {newest} by default.

An error is what can't work or the API refuses, a warning what probably won't work or is dangerous, an info what is
worth knowing. An error makes the exit code 1. `--disable RULE,RULE` leaves rules out,
and so does `kubernetes.lint.disable` in storage.yml.

Files are read as kubectl reads them: YAML with several documents, JSON values one after the other, lists of objects,
also from a pipe (`--path <(kubectl kustomize .)`). Of a folder all `*.yaml`, `*.yml` and `*.json` count, but for
kustomizations, which are no objects. A chart's templates are no manifests: lint what `helm template` makes of them.

A class, Secret or claim that is not among the objects may well be in the cluster; that is a warning at most.
Secrets are only missed where others of their namespace are among the objects.

| Rule | Severity | What is wrong | What to do | Versions |
|---|---|---|---|---|
"""


def page() -> str:
    """The page as Markdown, made from the rules themselves."""
    known = schema_folders()
    rows = [
        f"| `{name}` | {rule.severity} | {_cell(rule.says)} | {_cell(rule.remedy)} | {rule.versions or 'all'} |\n"
        for name, rule in sorted(RULES.items())
    ]
    return _HEAD.format(oldest=f"1.{min(known)}", newest=f"1.{max(known)}") + "".join(rows)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
