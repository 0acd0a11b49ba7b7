"""Where kubectl is found, with which credentials it is called, and what becomes of its failures."""

from __future__ import annotations

import os
import subprocess

import pytest

from mountwright.kubernetes import live, object_resource, pruning
from mountwright.kubernetes.kubectl import KUBECTL, Access
from tests.shell.harness import SHELLS, Shell

# Says what it was called with, the way the real one is called, and fails as the real one does.
PROGRAM = """\
#!/bin/sh
for word; do printf 'word=%s\\n' "$word"; done
if [ -e "$0.stdin" ]; then cat; fi
[ -e "$0.says" ] || exit 0
cat "$0.says" >&2
exit 1
"""


@pytest.fixture
def program(tmp_path):
    """A folder that is all of PATH, with a kubectl that tells what it was given."""
    folder = tmp_path / "bin it's"
    folder.mkdir()
    for name in ("cat", "grep", "printf"):
        (folder / name).symlink_to(f"/usr/bin/{name}")
    made = folder / "kubectl"
    made.write_text(PROGRAM)
    made.chmod(0o755)
    return made


def run(shell, access, body='kubectl_ "$@"', arguments=(), values=None):
    return shell.run(access.script(body, values, arguments), "u")


def words(ran):
    return [line.removeprefix("word=") for line in ran.stdout.decode().splitlines()]


def test_the_operators_credentials_come_first(shell, program, tmp_path):
    """kubeconfig, context and the limit of a request are options of every call; hostile values stay values."""
    config = tmp_path / "it's $(touch evil)"
    config.write_text("")
    access = Access(str(config), "prod $(touch evil)", str(program.parent))
    ran = run(shell, access, arguments=("get", "pv", "a b"))
    assert (ran.exit_code, ran.complaint) == (0, "")
    assert words(ran) == [
        f"--kubeconfig={config}",
        "--context=prod $(touch evil)",
        "--request-timeout=60s",
        *("get", "pv", "a b"),
    ]


def test_nothing_that_was_not_said_is_said_to_kubectl(shell, program):
    """On the operator's machine without kubeconfig and context, kubectl finds its own."""
    ran = run(shell, Access(search_path=str(program.parent)), arguments=("version",))
    assert words(ran) == ["--request-timeout=60s", "version"]


def test_stdin_and_stdout_are_kubectls_own(shell, program):
    """A manifest goes in, an answer comes out byte for byte, and a failure of the first of a pipe is not lost."""
    (program.parent / "kubectl.stdin").touch()
    manifest = "a: 'b'\n\\n %s\n\n"
    ran = run(shell, Access(search_path=str(program.parent)), 'printf "%s" "$manifest" | kubectl_ apply -f -',
              values={"manifest": manifest})  # fmt: skip
    assert ran.stdout.decode().endswith("word=-\n" + manifest)


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (
            "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?",
            "listens",
        ),
        ("Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout", "can't be reached"),
        ("Unable to connect to the server: x509: certificate signed by unknown authority", "certificates"),
        ("error: You must be logged in to the server (Unauthorized)", "doesn't know these credentials"),
        ('Error from server (Forbidden): secrets is forbidden: User "x" cannot list resource', "lack the right"),
        ("Error in configuration: context was not found for specified context: x", "no such context"),
        ("error: invalid configuration: no configuration has been provided", "no usable kubeconfig"),
    ],
)
def test_a_failure_is_explained(shell, program, said, meaning):
    """What kubectl said is there in full, with a line of what it means; the exit code is kubectl's."""
    (program.parent / "kubectl.says").write_text(f"E1121 13:34:26.1 2 memcache.go:265] noise\n{said}\n")
    ran = run(shell, Access(search_path=str(program.parent)))
    assert ran.exit_code == 1
    first, explanation = ran.complaint.splitlines()
    assert first == said
    assert explanation.startswith("-> ")
    assert meaning in explanation


def test_any_other_failure_is_kubectls_own_words(shell, program):
    """Nothing is made up for what has no known meaning."""
    (program.parent / "kubectl.says").write_text('Error from server (NotFound): pods "x" not found\n')
    ran = run(shell, Access(search_path=str(program.parent)))
    assert ran.complaint == 'Error from server (NotFound): pods "x" not found\n'


def test_a_missing_kubectl_is_said(shell, tmp_path):
    """With where to name another place."""
    ran = run(shell, Access(search_path=str(tmp_path)))
    assert ran.exit_code == 1
    assert "kubectl is missing here" in ran.complaint
    assert "kubernetes.kubectl" in ran.complaint


def test_a_missing_kubeconfig_is_said(shell, program):
    """Before kubectl falls back to another cluster's."""
    ran = run(shell, Access("/nowhere/admin.conf", search_path=str(program.parent)))
    assert ran.exit_code == 1
    assert "the kubeconfig /nowhere/admin.conf is not here" in ran.complaint


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ((), []),
        (("/etc/kubernetes/admin.conf", "/etc/rancher/k3s/k3s.yaml"), ["--kubeconfig=/etc/kubernetes/admin.conf"]),
        (("/etc/rancher/k3s/k3s.yaml",), ["--kubeconfig=/etc/rancher/k3s/k3s.yaml"]),
        (("/etc/rancher/rke2/rke2.yaml",), ["--kubeconfig=/etc/rancher/rke2/rke2.yaml"]),
    ],
)
def test_a_control_planes_own_kubeconfig_is_found(sandbox, there, expected):
    """That of kubeadm, k3s or RKE2, in this order; kubectl's own where there is none."""
    sandbox.write("/usr/local/bin/kubectl", PROGRAM, 0o755)
    for path in there:
        sandbox.write(path, "")
    ran = run(Shell(SHELLS["dash"], sandbox), Access(), arguments=("version",))
    assert words(ran) == [*expected, "--request-timeout=60s", "version"]


def test_k3s_brings_its_kubectl(shell, program):
    """Where there is no kubectl, that of k3s is called."""
    program.rename(program.with_name("k3s"))
    ran = run(shell, Access(search_path=str(program.parent)), arguments=("version",))
    assert words(ran) == ["kubectl", "--request-timeout=60s", "version"]


def test_a_manifest_is_in_no_command_line(shell, tmp_path):
    """printf is the shell's own: what it writes is in no process's arguments, as the kernel has them."""
    (tmp_path / "kubectl").write_text(
        "#!/bin/sh\ncat /proc/[0-9]*/cmdline | tr '\\0' ' ' | grep -c 'not[-]to[-]be-seen'\n"
    )
    (tmp_path / "kubectl").chmod(0o755)
    access = Access(search_path=f"{tmp_path}:{os.environ['PATH']}")
    ran = run(shell, access, 'printf "%s" "$manifest" | kubectl_ apply -f -', values={"manifest": "not-to-be-seen"})
    assert ran.stdout == b"0\n"


BODIES = {
    "kubectl": 'kubectl_ "$@"',
    "look": live.LOOK,
    "apply": object_resource.APPLY,
    "rehearse": object_resource.REHEARSE,
    "leftovers": pruning.PROBE,
    "remove": pruning.REMOVE,
}
VARIABLES = (
    *Access().values(),
    *("manager", "force", "manifest", "selector", "seconds", "kinds", "line", "declared", "pods"),
)


@pytest.mark.parametrize("name", BODIES)
def test_shellcheck_finds_nothing(name):
    """What calls kubectl is POSIX sh without the known traps."""
    given = "".join(f"{variable}=$(cat)\n" for variable in VARIABLES)
    functions = "say() { :; }\nfail() { :; }\nhave() { :; }\nitem_done() { :; }\n"
    text = f'#!/bin/sh\n{given}{functions}{KUBECTL}\n{BODIES[name]}\nexit "$#"\n'
    done = subprocess.run(
        ["shellcheck", "-f", "gcc", "-s", "sh", "-e", "SC2034,SC2317,SC2329", "-"],
        input=text,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.stdout.splitlines() == []
