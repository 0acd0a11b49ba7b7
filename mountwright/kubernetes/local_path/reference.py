"""``python -m mountwright.kubernetes.local_path.reference`` prints docs/local-lint.md."""

from __future__ import annotations

import sys

from mountwright.kubernetes.local_path.rules import RULES

_HEAD = """\
# Rules for the local-path-provisioner

What `inv local.lint --path FILE` finds in a configuration of rancher's local-path-provisioner: in a bare
`config.json`, or in a file of manifests with its ConfigMap, where classes, claims and the Deployment of the same file
are held against it. The rules are those of the provisioner's own source at v0.0.37. An error makes the exit code 1.

| Rule | Severity | What comes of it | What to do |
|---|---|---|---|
"""


def page() -> str:
    """The page as Markdown, made from the rules themselves."""
    rows = [
        f"| `{name}` | {rule.severity} | {rule.meaning} | {rule.remedy} |\n" for name, rule in sorted(RULES.items())
    ]
    return _HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
