"""Each rule of k8s.lint with manifests that break it and manifests that only seem to.

A file of ``bad/`` is named after the rule that it breaks. What is found in it is marked where it is (``# <- RULE`` at
the end of a line) and written out at the end of the file, in lines ``#! LINE: SEVERITY: RULE: OBJECT: MESSAGE``. Its
first line may say ``# kubernetes: VERSION`` or ``# inventory``.
"""

import re
from pathlib import Path

import pytest

from mountwright.inventory import load_inventory
from mountwright.kubernetes.lint.linter import Settings, lint
from mountwright.kubernetes.lint.rules import RULES
from mountwright.kubernetes.lint.versions import minor_version
from mountwright.kubernetes.manifests import load_manifests
from mountwright.spec import load_storage

HERE = Path(__file__).parent
OF_FILES = RULES.keys() - {"secret-value"}  # which is about storage.yml, and tried in tests/unit/cli
BAD = sorted((HERE / "bad").glob("*.yaml"))
GOOD = sorted([*(HERE / "good").glob("*.yaml"), *(HERE / "good-1.27").glob("*.yaml")])


def settings_of(path):
    first = path.read_text("utf-8").splitlines()[0]
    if first == "# inventory":
        inventory = load_inventory(HERE / "inventory")
        return Settings(33, spec=load_storage(inventory.storage_file, inventory), inventory=inventory)
    version = re.fullmatch(r"# kubernetes: (.*)", first)
    return Settings(minor_version(version.group(1) if version else "1.33"))


def findings_of(path):
    loaded = load_manifests(path)
    return lint(loaded.manifests, settings_of(path), loaded.problems)


def marked(path):
    lines = enumerate(path.read_text("utf-8").splitlines(), 1)
    return sorted((number, match.group(1)) for number, line in lines if (match := re.search(r"# <- (\S+)$", line)))


def expected(path):
    return [line[3:] for line in path.read_text("utf-8").splitlines() if line.startswith("#! ")]


def shown(finding):
    parts = (finding.severity, finding.rule, finding.object, finding.message.replace(f"{HERE}/", ""))
    return ": ".join([str(finding.line), *filter(None, parts)])


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_fault_is_found_at_its_line_and_nothing_else(path):
    """The marked lines have findings of the marked rules, and no other line has any."""
    assert sorted({(finding.line, finding.rule) for finding in findings_of(path)}) == marked(path)
    assert {rule for _, rule in marked(path)} == {path.stem}


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_each_finding_says_what_is_wrong(path):
    """An operator reads exactly these words."""
    assert [shown(finding) for finding in findings_of(path)] == expected(path)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_what_only_seems_wrong_is_not_found(path):
    """A good example, which is close to what its rule forbids, has no finding."""
    settings = settings_of(path) if path.parent.name == "good" else Settings(27)
    loaded = load_manifests(path)
    assert lint(loaded.manifests, settings, loaded.problems) == []


@pytest.mark.parametrize("minor", [33, 37])
def test_the_folder_of_good_manifests_has_no_finding(minor):
    """All good manifests together are good, for the newest version too."""
    loaded = load_manifests(HERE / "good")
    assert lint(loaded.manifests, Settings(minor), loaded.problems) == []


def test_the_folder_of_bad_manifests_has_every_fault():
    """Linted together, with all the noise of each other, each rule's file still has its own findings."""
    inventory = load_inventory(HERE / "inventory")
    settings = Settings(30, spec=load_storage(inventory.storage_file, inventory), inventory=inventory)
    loaded = load_manifests(HERE / "bad")
    found = {(Path(finding.file).stem, finding.rule) for finding in lint(loaded.manifests, settings, loaded.problems)}
    assert {(rule, rule) for rule in OF_FILES} <= found


def test_every_rule_has_a_bad_and_a_good_example():
    """No rule is left without proof that it finds something, and leaves something alone."""
    assert {path.stem for path in BAD} == OF_FILES
    assert {path.stem for path in GOOD} >= OF_FILES
