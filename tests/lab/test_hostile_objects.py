"""Hostile values of storage.yml in objects of the cluster: they reach kubectl byte for byte, and nothing is executed.

The scripts that look at objects and apply them run for real, under each shell, in a throw-away Debian in which every
word that could be taken for a command is a trap; what kubectl is given there is kept and compared. What a real API
server makes of objects, tests/lab/test_k8s_apply.py shows.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os

import pytest

from mountwright.errors import InputError
from mountwright.frames import new_nonce, probe_program, read_frames
from mountwright.kubernetes.kubectl import Access
from mountwright.kubernetes.object_resource import objects
from mountwright.kubernetes.ownership import inventory_label, owned
from mountwright.kubernetes.rendering import render_objects
from mountwright.resources.base import Observed, OperatingSystem
from mountwright.secret import Secret
from tests.hostile.machine import Machine
from tests.hostile.storage import LEAVES, trials
from tests.shell.harness import SHELLS

pytestmark = pytest.mark.lab

KEEP_WHAT_COMES = """#!/bin/sh
printf '%s\\0' "$@" >>/tmp/arguments
case "$*" in *"apply --server-side"*) { cat; printf '\\0'; } >>/tmp/stdin ;; esac
"""
IN_NO_OBJECT = {
    "kubernetes.kubectl.context",
    "kubernetes.kubectl.kubeconfig",
    "kubernetes.kubectl.local.context",
    "kubernetes.kubectl.local.kubeconfig",
    "kubernetes.kubectl.on",
    "kubernetes.lint.disable[]",
    "kubernetes.node_names{}",  # of a node that no volume is on
    "kubernetes.smoke.image",
    "kubernetes.smoke.node_selector{key}",
    "kubernetes.smoke.node_selector{}",
    "kubernetes.smoke.tolerations[].key",
    "kubernetes.smoke.tolerations[].value",
    "kubernetes.volumes[].claim",  # taken apart into namespace and name
    "nfs.clients",
    "nfs.exports[].clients{key}",
    "nfs.exports[].clients{}[]",
    "nfs.exports[].each[]{}",
    "nfs.exports[].group",
    "nfs.exports[].owner",
    "nfs.exports[].path",
    "nfs.exports[].servers",
    "nfs.external{key}",
    "nfs.external{}",  # of a server that no volume is on
    "nfs.servers",
    "nfs.volumes[].claim",
}
"""Leaves that are for hosts, for the operator's machine or for ``k8s.smoke``, as all of ``ceph`` are; the others are
in objects."""
GIVEN, ARGUMENTS = "/tmp/stdin", "/tmp/arguments"  # noqa: S108 - of a machine that is thrown away
AT_ONCE = 50
"""Scripts that one program holds."""


@pytest.fixture(params=SHELLS.values(), ids=SHELLS)
def machine(request, tmp_path):
    if os.geteuid() != 0:
        pytest.fail("this test needs root for its mounts; run it as root")
    made = Machine(tmp_path, request.param)
    made.sandbox.write("/usr/local/bin/kubectl", KEEP_WHAT_COMES, 0o755)
    return made


def changes(spec, access):
    """Each object of a declaration, and what applying it runs where it does not exist yet."""
    found = []
    manifests = owned(render_objects(spec), inventory_label(spec))
    namespaces = {manifest.namespace for manifest in manifests} | {"default"}
    there = [json.dumps({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}) for name in namespaces]
    for each in objects(manifests, access):
        if each.manifest.kind == "Namespace":
            there = []
        change = each.plan(Observed(present=True, stdout="".join(there).encode()), OperatingSystem("debian"))
        found.append((each, change.script))
    return found


def text_of(manifest):
    return manifest.reveal() if isinstance(manifest, Secret) else manifest


def strings(data):
    """Every text in an object, keys too; of a Secret's values what they stand for."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield key
            yield from strings(value)
    elif isinstance(data, list):
        for value in data:
            yield from strings(value)
    elif isinstance(data, str):
        yield data
        with contextlib.suppress(ValueError):
            yield base64.b64decode(data, validate=True).decode()


def carries(data, value):
    """Whether a value is in an object, as it is or within a text of JSON."""
    in_json = json.dumps(value, ensure_ascii=False)[1:-1]
    return any(value in text or in_json in text for text in strings(data))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """Every accepted value as (leaf, value, scripts of the objects that it is in)."""
    folder = tmp_path_factory.mktemp("storage")
    found = []
    for leaf in sorted(LEAVES):
        for _, value, outcome in trials(leaf, folder):
            if isinstance(outcome, InputError):
                continue
            try:
                made = changes(outcome, Access())
            except InputError:
                continue  # a file or variable that is not there
            carriers = [script for each, script in made if carries(each.manifest.data, value)]
            found.append((leaf, value, carriers))
    return found


def test_every_value_is_in_an_object(hostile):
    """What is taken for a leaf is in an object as it is, but for the leaves that no object has."""
    without = {leaf for leaf, _, carriers in hostile if not carriers}
    assert {leaf for leaf in without if not leaf.startswith("ceph.")} == IN_NO_OBJECT
    assert not without & {leaf for leaf, _, carriers in hostile if carriers}


def test_objects_reach_kubectl(machine, hostile):
    """Each manifest comes out of the shell as it went in, and no trap was sprung."""
    wanted = list({script.render(): script for _, _, carriers in hostile for script in carriers}.values())
    assert len(wanted) > 1000
    for start in range(0, len(wanted), AT_ONCE):
        scripts = {str(number): script for number, script in enumerate(wanted[start : start + AT_ONCE])}
        nonce = new_nonce()
        done = machine.run(probe_program(nonce, scripts))
        answers, stray = read_frames(nonce, done.stdout)
        assert [(answer.exit_code, answer.output) for answer in answers.values()] == [(0, b"")] * len(scripts)
        assert stray == b""
    *came, rest = machine.path(GIVEN).read_bytes().split(b"\0")
    assert rest == b""
    assert came == [b"".join(text_of(each).encode() + b"\n" for each in script.arguments) for script in wanted]
    assert not machine.sprung


@pytest.mark.parametrize("where", ["kubernetes.kubectl", "kubernetes.kubectl.local"])
@pytest.mark.parametrize("option", ["kubeconfig", "context"])
def test_where_kubectl_looks(machine, tmp_path, monkeypatch, where, option):
    """The credentials' file and context are arguments of kubectl as they are declared, and nothing is executed."""
    monkeypatch.setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    accepted = [
        (value, Access.of(outcome.kubernetes.kubectl))
        for _, value, outcome in trials(f"{where}.{option}", tmp_path)
        if not isinstance(outcome, InputError)
    ]
    for kubeconfig in {access.kubeconfig for _, access in accepted}:
        machine.sandbox.write(kubeconfig, "credentials\n")
    nonce = new_nonce()
    scripts = {str(number): access.script("kubectl_ version") for number, (_, access) in enumerate(accepted)}
    done = machine.run(probe_program(nonce, scripts))
    answers, _ = read_frames(nonce, done.stdout)
    assert [answer.exit_code for answer in answers.values()] == [0] * len(accepted), done.stderr
    arguments = machine.path(ARGUMENTS).read_bytes().split(b"\0")
    given = [each for each in arguments if each.startswith(f"--{option}=".encode())]
    assert given == [f"--{option}={value}".encode() for value, _ in accepted]
    assert accepted
    assert not machine.sprung
