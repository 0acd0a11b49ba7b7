"""The command line as a contract: tasks, options, exit codes, and what stands on which stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mountwright.cli.program import load_namespace
from mountwright.cli.reference import pages

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = "inventories/example"

STORAGE_OF_NOBODY = "ceph: {clients: kube_node}\n"


def call(*arguments, cwd=ROOT, **env):
    """Run a task as a user does; nothing of the caller's configuration is seen."""
    clean = {name: value for name, value in os.environ.items() if name != "MOUNTWRIGHT_INVENTORY"}
    return subprocess.run(
        [sys.executable, "-m", "mountwright", *arguments],
        cwd=cwd,
        env={**clean, "PYTHONPATH": str(ROOT), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def inventory(tmp_path):
    """An inventory on this machine's loopback, where no sshd listens on port 1."""
    folder = tmp_path / "inv"
    folder.mkdir()
    hosts = "kube_node:\n  hosts:\n    node1: {ansible_host: 127.0.0.1, ansible_port: 1}\n"
    (folder / "hosts.yml").write_text(hosts)
    (folder / "storage.yml").write_text(STORAGE_OF_NOBODY)
    return folder


def test_the_tasks_are_those_of_the_contract():
    """Every task that others may rely on is there, under its name."""
    expected = {"site", "nfs.server", "nfs.client", "rbd.module", "verify", "doctor"}
    expected |= {"inventory.list", "inventory.schema", "lab.up", "lab.down", "lab.status", "lab.reset"}
    expected |= {"demo", "test", "bench"}
    expected |= {
        "k8s.render",
        "k8s.lint",
        "k8s.bind",
        "k8s.apply",
        "k8s.diff",
        "k8s.reclaim",
        "k8s.smoke",
        "local.lint",
    }
    assert expected <= set(load_namespace().task_names)


@pytest.mark.parametrize("task", ["site", "nfs.server", "nfs.client", "rbd.module", "k8s.reclaim"])
def test_tasks_that_change_hosts_take_the_common_options(task):
    """Long and short names, as documented."""
    names = {name for argument in load_namespace()[task].get_arguments() for name in argument.names}
    assert {"inventory", "i", "limit", "l", "check", "c", "diff", "d", "format", "f"} <= names
    assert {"forks", "ask_become_pass"} <= {name.replace("-", "_") for name in names}


def test_the_reference_is_current():
    """docs/tasks.md is what `python -m mountwright.cli.reference` prints."""
    assert (ROOT / "docs" / "tasks.md").read_text() == "".join(pages(load_namespace()))


def test_every_task_and_option_is_explained():
    """No task without a text, no option without help."""
    namespace = load_namespace()
    bare = [name for name in namespace.task_names if not namespace[name].__doc__]
    bare += [
        f"{name} --{argument.name}"
        for name in namespace.task_names
        for argument in namespace[name].get_arguments()
        if not argument.help
    ]
    assert bare == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["site"], "error: no inventory was given: say -i inventories/NAME"),
        (["site", "-i", "nowhere"], "error: the inventory nowhere does not exist"),
        (["site", "-i", EXAMPLE, "--forks", "many"], "error: --forks is a number from 1 up, not 'many'"),
        (["site", "-i", EXAMPLE, "--forks", "0"], "error: --forks is a number from 1 up, not '0'"),
        (["site", "-i", EXAMPLE, "--format", "xml"], "error: --format is text or json, not 'xml'"),
        (["site", "-i", EXAMPLE, "--limit", "nodes"], "error: "),
        (["k8s.reclaim", "a..b", "-i", EXAMPLE], "error: NAME: 'a..b' is no Kubernetes name"),
        (["site", "--no-such-option"], "No idea what '--no-such-option' is!"),
    ],
)
def test_bad_calls_are_errors_without_a_traceback(arguments, message):
    """Exit code 1, one clear message on stderr, nothing on stdout."""
    done = call(*arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(message)
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_bad_input_names_file_line_and_key_and_all_faults(inventory):
    """Two faults are both said before anything connects."""
    storage = inventory / "storage.yml"
    storage.write_text("kubernetes: {version: 1.33}\nceph:\n  clients: kube_nod\n  pols: []\n")
    done = call("site", "-i", str(inventory))
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0].startswith(f"error: {storage}:1: kubernetes.version: ")
    assert [line.split(": ")[2] for line in lines[:-1]] == ["kubernetes.version", "ceph.clients", "ceph.pols"]
    assert lines[-1] == "3 errors; nothing was connected to, nothing was changed"


def test_an_inventory_without_storage_yml_says_what_it_is_for(inventory):
    """The file is missing: the message says what it declares and where an example is."""
    (inventory / "storage.yml").unlink()
    done = call("site", "-i", str(inventory))
    assert done.returncode == 1
    assert "has no storage.yml" in done.stderr


def test_json_is_one_document_on_stdout_and_all_else_on_stderr(inventory):
    """An unreachable host is data, exit code 1, and the recap is no part of the document."""
    done = call("site", "-i", str(inventory), "--format", "json")
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert document["summary"]["unreachable"] == 1
    host = document["hosts"]["node1"]
    assert set(host) == {"status", "changes", "error", "seconds"}
    assert host["status"] == "unreachable"
    assert "127.0.0.1" in host["error"]["message"]
    assert "Recap" in done.stderr


def test_the_inventory_may_come_from_the_environment_or_the_configuration(inventory, tmp_path):
    """The option wins over MOUNTWRIGHT_INVENTORY, that over invoke.yaml."""
    (tmp_path / "invoke.yaml").write_text(f"mountwright: {{inventory: {inventory}}}\n")
    listed = json.loads(call("inventory.list", "-f", "json", cwd=tmp_path).stdout)
    assert list(listed["hosts"]) == ["node1"]
    other = json.loads(call("inventory.list", "-f", "json", MOUNTWRIGHT_INVENTORY=EXAMPLE).stdout)
    assert "nfs1" in other["hosts"]
    option = call("inventory.list", "-f", "json", "-i", str(inventory), MOUNTWRIGHT_INVENTORY=EXAMPLE)
    assert list(json.loads(option.stdout)["hosts"]) == ["node1"]


def test_the_schema_is_json():
    """`inventory.schema` prints the JSON Schema of storage.yml with descriptions."""
    schema = json.loads(call("inventory.schema").stdout)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert schema["properties"]["nfs"]["description"]


@pytest.mark.parametrize("task", ["inventory.schema", "--list"])
def test_a_reader_that_has_seen_enough_is_no_error(task):
    """`| head` gets its lines, and no traceback follows."""
    pipe = '"$1" -u -m mountwright "$2" | head -1'
    done = subprocess.run(
        ["sh", "-c", pipe, "sh", sys.executable, task],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout in ("{\n", "Subcommands:\n")
    assert done.stderr == ""


def test_local_lint_as_the_contract_says(tmp_path):
    """`local.lint --path FILE -f json` needs no inventory; one document on stdout; 1 when there is an error."""
    file = tmp_path / "config.json"
    file.write_text('{"nodePathMap": [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES",\n"paths": ["data"]}]}')
    done = call("local.lint", "--path", str(file), "-f", "json")
    assert (done.returncode, done.stderr) == (1, "")
    (finding,) = json.loads(done.stdout)["findings"]
    assert set(finding) == {"rule", "severity", "file", "line", "object", "message", "remedy"}
    assert (finding["rule"], finding["severity"], finding["line"]) == ("relative-path", "error", 2)
    assert json.loads(done.stdout)["summary"] == {"errors": 1, "warnings": 0}
    file.write_text('{"sharedFileSystemPath": "/data"}')
    done = call("local.lint", "--path", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (0, "0 errors, 0 warnings\n", "")


def test_local_lint_of_nothing_says_what_to_give(tmp_path):
    """A file that does not exist is bad input: exit code 1, one line, no traceback."""
    done = call("local.lint", "--path", str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert "does not exist" in done.stderr
