"""Configurations of the local-path-provisioner: each rule with an example that breaks it and one that does not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mountwright.errors import InputError
from mountwright.kubernetes.local_path.config import read_configurations
from mountwright.kubernetes.local_path.lint import lint_configurations
from mountwright.kubernetes.local_path.reference import page
from mountwright.kubernetes.local_path.rules import RULES

ROOT = Path(__file__).resolve().parents[4]

GOOD_CONFIG = """\
{
\t"nodePathMap": [
\t\t{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/opt/local-path-provisioner"]},
\t\t{"node": "node1", "paths": ["/data1", "/data2"]}
\t],
\t"cmdTimeoutSeconds": 60
}
"""
SHARED = '{"nodePathMap": [], "sharedFileSystemPath": "/mnt/shared"}'
BY_CLASS = """\
{"storageClassConfigs": {
  "fast": {"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/nvme"]}]},
  "team": {"sharedFileSystemPath": "/mnt/team"}}}
"""

CONFIGS = {
    "bad-json": ('{"nodePathMap": [\n  {"node": "a",}\n]}', 2),
    "wrong-type": ('{"nodePathMap": [\n {"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES",\n  "paths": "/a"}]}', 3),
    "duplicate-node": (
        (
            '{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/a"]},\n'
            ' {"node": "n", "paths": ["/a"]},\n {"node": "n", "paths": ["/b"]}]}'
        ),
        3,
    ),
    "relative-path": ('{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES",\n "paths": ["a"]}]}', 2),
    "root-path": ('{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES",\n "paths": ["/a/.."]}]}', 2),
    "duplicate-path": (
        '{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES",\n "paths": ["/a",\n "//a/."]}]}',
        3,
    ),
    "empty-path": ('{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES",\n "paths": ["/a",\n ""]}]}', 3),
    "null-entry": (
        '{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/a"]},\n null]}',
        2,
    ),
    "two-places": (
        (
            '{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/a"]}],\n'
            '"sharedFileSystemPath": "/b"}'
        ),
        2,
    ),
    "no-place": ('{"nodePathMap": []}', 1),
    "unknown-key": (
        '{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/a"],\n "path": ["/b"]}]}',
        2,
    ),
    "duplicate-key": ('{"sharedFileSystemPath": "/a",\n"sharedFileSystemPath": "/b"}', 2),
    "ignored-map": (
        '{"sharedFileSystemPath": "/a",\n "storageClassConfigs": {"fast": {"sharedFileSystemPath": "/b"}}}',
        1,
    ),
    "trailing-data": (SHARED + "\n\n}", 3),
    "unnamed-node": (
        '{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/a"]},\n {"paths": ["/a"]}]}',
        2,
    ),
    "no-paths": (
        '{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/a"]},\n {"node": "n"}]}',
        2,
    ),
    "no-timeout": ('{"sharedFileSystemPath": "/a",\n "cmdTimeoutSeconds": 0}', 2),
    "nested-path": (
        '{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/a",\n "/a/b"]}]}',
        2,
    ),
    "refused-node": (
        (
            '{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/a"]},\n'
            ' {"node": "n", "paths": []}]}'
        ),
        2,
    ),
    "no-default": ('{\n"nodePathMap": [{"node": "n", "paths": ["/a"]}]}', 2),
}
"""A bare config.json that breaks one rule, and the line where."""

SPACED_CONFIG = GOOD_CONFIG.replace("\t", "  ")
HELPER = """\
apiVersion: v1
kind: Pod
metadata:
  name: helper-pod
spec:
  containers:
  - name: helper-pod
    image: busybox
"""
CLASS = """\
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
provisioner: rancher.io/local-path
volumeBindingMode: WaitForFirstConsumer
"""
CLAIM = """\
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec:
  storageClassName: fast
  accessModes: [ReadWriteOnce]
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: local-path-provisioner}
spec:
  template:
    spec:
      containers:
      - name: local-path-provisioner
        image: registry.example.com:5000/rancher/local-path-provisioner:v0.0.36
"""


def file_of(*, config=SPACED_CONFIG, helper=HELPER, teardown="rm -rf", others=()):
    """A file of manifests with a ConfigMap; the entries are literal blocks, as upstream writes them."""
    entries = {"config.json": config, "setup": "mkdir -p", "teardown": teardown, "helperPod.yaml": helper}
    text = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: local-path-config, namespace: local-path-storage}\ndata:\n"
    )
    for key, value in entries.items():
        if value is not None:
            text += f"  {key}: |-\n" + "".join(f"    {line}\n" for line in value.splitlines())
    return "---\n".join([text, *others])


FILES = {
    "missing-entry": (file_of(teardown=None), "data:"),
    "bad-helper-pod": (file_of(helper=HELPER + "  - name: two\n    image: busybox\n"), "      containers:"),
    "unsafe-helper-pod": (
        file_of(helper=HELPER + "    securityContext:\n      privileged: true\n"),
        "          privileged: true",
    ),
    "helper-pod-name": (file_of(helper=HELPER.replace("- name: helper-pod", "- name: x")), "      - name: x"),
    "class-not-configured": (
        file_of(config=BY_CLASS, others=[CLASS, CLASS.replace("fast", "team"), CLASS.replace("fast", "slow")]),
        '    {"storageClassConfigs": {',
    ),
    "unknown-class": (
        file_of(config=BY_CLASS, others=[CLASS]),
        '      "team": {"sharedFileSystemPath": "/mnt/team"}}}',
    ),
    "immediate-binding": (
        file_of(others=[CLASS.replace("WaitForFirstConsumer", "Immediate")]),
        "volumeBindingMode: Immediate",
    ),
    "node-path": (
        file_of(others=[CLASS + "parameters: {pathPattern: x,\n  nodePath: /data3}\n"]),
        "  nodePath: /data3}",
    ),
    "access-mode": (
        file_of(others=[CLASS, CLAIM.replace("ReadWriteOnce", "ReadWriteMany")]),
        "  accessModes: [ReadWriteMany]",
    ),
    "selector": (file_of(others=[CLASS, CLAIM + "  selector: {}\n"]), "  selector: {}"),
    "old-release": (
        file_of(others=[DEPLOYMENT.replace("v0.0.36", "v0.0.35@sha256:0a")]),
        "        image: registry.example.com:5000/rancher/local-path-provisioner:v0.0.35@sha256:0a",
    ),
}
"""A file of manifests that breaks one rule, and the text of the line where."""

GOOD = {
    "plain": GOOD_CONFIG,
    "shared": SHARED,
    "by class": BY_CLASS,
    "upper case": '{"NODEPATHMAP": [{"Node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": ["/a"]}]}',
    "null is absent": '{"nodePathMap": null, "sharedFileSystemPath": "/a", "setupCommand": null}',
    "config map": file_of(),
    "commands instead of scripts": file_of(
        config='{"sharedFileSystemPath": "/a", "setupCommand": "/s", "teardownCommand": "/t"}', teardown=None
    ),
    "whole deployment": file_of(others=[CLASS + "parameters: {nodePath: /data1}\n", CLAIM, DEPLOYMENT]),
    "classes of their own": file_of(config=BY_CLASS, others=[CLASS, CLASS.replace("fast", "team")]),
    "shared by all, at once": file_of(
        config=SHARED,
        others=[CLASS.replace("WaitForFirstConsumer", "Immediate"), CLAIM.replace("ReadWriteOnce", "ReadWriteMany")],
    ),
    "hardened helper pod": file_of(
        helper=HELPER + "    securityContext: {runAsNonRoot: true, allowPrivilegeEscalation: false}\n"
        "    env: [{name: A, value: b}]\n  priorityClassName: system-node-critical\n"
    ),
}


def lint(path, text):
    path.write_text(text)
    return lint_configurations(read_configurations(path))


@pytest.mark.parametrize("rule", CONFIGS)
def test_each_rule_finds_its_fault(rule, tmp_path):
    """A config.json that breaks one rule has that one finding, at its line."""
    text, line = CONFIGS[rule]
    found = lint(tmp_path / "config.json", text)
    assert [(each.rule, each.line, each.object) for each in found] == [(rule, line, "config.json")]
    assert (found[0].severity, found[0].remedy) == (RULES[rule].severity, RULES[rule].remedy)


@pytest.mark.parametrize("rule", CONFIGS)
def test_a_config_map_has_the_lines_of_its_file(rule, tmp_path):
    """The same fault inside a ConfigMap is found at the line of the file that it stands in."""
    text, line = CONFIGS[rule]
    found = lint(tmp_path / "map.yaml", file_of(config=text))
    name = "ConfigMap/local-path-storage/local-path-config"
    assert [(each.rule, each.line, each.object) for each in found] == [(rule, 5 + line, name)]


@pytest.mark.parametrize("rule", FILES)
def test_each_rule_about_a_file_finds_its_fault(rule, tmp_path):
    """A file of manifests that breaks one rule has that one finding, at its line."""
    text, line = FILES[rule]
    found = lint(tmp_path / "all.yaml", text)
    assert [(each.rule, text.splitlines()[each.line - 1]) for each in found] == [(rule, line)]


@pytest.mark.parametrize("name", GOOD)
def test_what_is_good_has_no_findings(name, tmp_path):
    """What the provisioner takes and works with is left alone."""
    assert lint(tmp_path / "file.yaml", GOOD[name]) == []


def test_every_rule_has_an_example():
    """No rule without an example that breaks it; together with the good ones each is shown from both sides."""
    assert set(CONFIGS) | set(FILES) == set(RULES)


@pytest.mark.parametrize(
    "forbidden",
    [
        "  initContainers: [{name: a}]",
        "  ephemeralContainers: [{name: a}]",
        "  volumes: [{name: a, hostPath: {path: /}}]",
        "  hostNetwork: true",
        "  hostPID: true",
        "  hostIPC: true",
        "  nodeName: node1",
        "  serviceAccountName: admin",
        "  securityContext: {runAsUser: 0}",
        "  securityContext: {runAsGroup: 0}",
        "  securityContext: {sysctls: [{name: a, value: b}]}",
        "    volumeMounts: [{name: a, mountPath: /a}]",
        "    envFrom: [{secretRef: {name: a}}]",
        "    env: [{name: a, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]",
        "    lifecycle: {}",
        "    livenessProbe: {exec: {command: [a]}}",
        "    readinessProbe: {exec: {command: [a]}}",
        "    startupProbe: {exec: {command: [a]}}",
        "    securityContext: {capabilities: {add: [SYS_ADMIN]}}",
        "    securityContext: {allowPrivilegeEscalation: true}",
    ],
)
def test_what_a_helper_pod_may_not_ask_for(forbidden, tmp_path):
    """Whatever the provisioner refuses in the template since v0.0.36 is refused here, at its line."""
    found = lint(tmp_path / "map.yaml", file_of(helper=HELPER + forbidden + "\n"))
    assert [each.rule for each in found] == ["unsafe-helper-pod"]
    assert forbidden.strip() in (tmp_path / "map.yaml").read_text().splitlines()[found[0].line - 1]


def test_a_quoted_config_has_the_line_of_its_key(tmp_path):
    """Text that is no literal block can't be told apart by lines: its key has to do."""
    config = json.dumps(CONFIGS["no-place"][0])
    text = f"kind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  x: y\n  config.json: {config}\n"
    assert ("no-place", 5) in [(each.rule, each.line) for each in lint(tmp_path / "map.yaml", text)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: Secret\nmetadata: {name: a}\n", "holds no configuration of the local-path-provisioner"),
        ("services: {}\n", "is no Kubernetes object"),
        ("a: [\n", "is no valid YAML"),
    ],
)
def test_a_file_that_holds_none(text, message, tmp_path):
    """A file without a configuration is bad input, and is told what is expected."""
    with pytest.raises(InputError, match=message):
        lint(tmp_path / "file.yaml", text)


def test_nothing_there(tmp_path):
    """A path that does not exist, and a folder, are bad input."""
    with pytest.raises(InputError, match="does not exist"):
        read_configurations(tmp_path / "none.json")
    with pytest.raises(InputError, match="is a folder"):
        read_configurations(tmp_path)


WORDS = st.sampled_from(
    [
        "nodePathMap",
        "node",
        "paths",
        "sharedFileSystemPath",
        "storageClassConfigs",
        "cmdTimeoutSeconds",
        "/a",
        "",
        "a/",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=20,
)


@given(value=VALUES)
def test_no_value_is_too_odd(value, tmp_path_factory):
    """Whatever is JSON (or nearly) gets findings or none, never an exception; wrong types anywhere are no trouble."""
    folder = tmp_path_factory.mktemp("odd")
    for text in (json.dumps(value), json.dumps(value, indent="\t")):
        for finding in lint(folder / "map.yaml", file_of(config=text)):
            assert finding.line >= 1
            assert finding.severity in ("error", "warning", "info")


def test_the_page_of_the_rules_is_up_to_date():
    """docs/local-lint.md is made from the rules: ``python -m mountwright.kubernetes.local_path.reference``."""
    assert (ROOT / "docs" / "local-lint.md").read_text() == page()


def test_a_pipe_is_read_once():
    """`kubectl get configmap -o yaml | ... --path /dev/stdin`: what has been read of a pipe can't be read again."""
    reader, writer = os.pipe()
    os.write(writer, b"kind: ConfigMap\nmetadata: {name: local-path-config}\ndata: {config.json: '{}'}\n")
    os.close(writer)
    (configuration,) = read_configurations(Path(f"/proc/self/fd/{reader}"))
    os.close(reader)
    assert configuration.config.text == "{}"
