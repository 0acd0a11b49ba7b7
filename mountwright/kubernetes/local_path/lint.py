"""All that is wrong with a configuration of the local-path-provisioner, as findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mountwright import yaml_lines
from mountwright.errors import InputError
from mountwright.kubernetes.findings import Finding
from mountwright.kubernetes.local_path.config import CONFIG, HELPER_POD, SCRIPTS
from mountwright.kubernetes.local_path.helper_pod import check_helper_pod
from mountwright.kubernetes.local_path.neighbours import check_neighbours
from mountwright.kubernetes.local_path.node_paths import Fields, check_config
from mountwright.kubernetes.local_path.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from mountwright.kubernetes.local_path.config import Configuration, Part


def lint_configurations(configurations: Iterable[Configuration]) -> list[Finding]:
    """Return the findings about some configurations, by file and line."""
    found = [finding for configuration in configurations for finding in _Linter(configuration).findings()]
    return sorted(set(found), key=lambda each: (each.file, each.line, each.rule, each.message))


class _Linter:
    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.commands: set[str] = set()

    def findings(self) -> Iterator[Finding]:
        yield from self._config()
        if not self.configuration.bare:
            yield from self._entries()

    def _config(self) -> Iterator[Finding]:
        part = self.configuration.config
        if part.text is None:
            yield self._finding("missing-entry", part.line(), f"there is no text '{CONFIG}'")
            return
        try:
            document, twice, end = yaml_lines.parse_first_json(part.text, CONFIG)
        except InputError as error:
            for problem in error.problems:
                yield self._finding("bad-json", part.line(problem.line or 1), f"{CONFIG} {problem.message}")
            return
        for problem in twice:
            yield self._finding("duplicate-key", part.line(problem.line), f"{problem.key}: {problem.message}")
        rest = part.text[end:]
        if rest.strip():
            line = part.text.count("\n", 0, end + len(rest) - len(rest.lstrip())) + 1
            yield self._finding("trailing-data", part.line(line), "there is more after the configuration")
        for rule, path, message in check_config(document.value, self.configuration.others):
            yield self._finding(rule, part.line(document.line(path)), message)
        for rule, other, where, message in check_neighbours(document.value, self.configuration.others):
            yield self._finding(rule, other.line(where), message, other.object)
        if isinstance(document.value, dict):
            fields = Fields(document.value, {"setupCommand": str, "teardownCommand": str}, ())
            self.commands = {script for script in SCRIPTS if fields.get(f"{script}Command")}

    def _entries(self) -> Iterator[Finding]:
        """The other entries of a ConfigMap. A script is not asked for where config.json names a command instead."""
        for script in SCRIPTS:
            part = self.configuration.entries[script]
            if not (part.text or "").strip() and script not in self.commands:
                yield self._finding("missing-entry", part.line(), f"there is no script '{script}'")
        part = self.configuration.entries[HELPER_POD]
        if part.text is None:
            yield self._finding("missing-entry", part.line(), f"there is no text '{HELPER_POD}'")
            return
        yield from self._helper_pod(part, part.text)

    def _helper_pod(self, part: Part, text: str) -> Iterator[Finding]:
        try:
            document = yaml_lines.parse(text, HELPER_POD)
        except InputError as error:
            for problem in error.problems:
                yield self._finding("bad-helper-pod", part.line(problem.line or 1), f"{HELPER_POD} {problem.message}")
            return
        for rule, path, message in check_helper_pod(document.value):
            yield self._finding(rule, part.line(document.line(path)), message)

    def _finding(self, rule: str, line: int, message: str, name: str = "") -> Finding:
        known = RULES[rule]
        return Finding(
            rule=rule,
            severity=known.severity,
            file=self.configuration.document.source,
            line=line,
            object=name or self.configuration.object,
            message=f"{message}; {known.meaning}",
            remedy=known.remedy,
        )
