"""sudo, passwords and bastions on machines of the lab: what one machine's own user can't show."""

from __future__ import annotations

import time

import pytest

from mountwright.errors import AuthenticationError, BecomeError, UnreachableError
from mountwright.inventory.connection import ConnectionSettings
from mountwright.secret import Secret
from mountwright.ssh import Connector
from tests.lab.keys import ADMIN_PASSWORD

pytestmark = pytest.mark.lab

RIGHT = Secret(ADMIN_PASSWORD)
WRONG = Secret("wrong $(touch /tmp/canary)")


@pytest.fixture(scope="module")
def node(fleet):
    """One machine, made fresh afterwards."""
    yield fleet[0]
    fleet[0].reset()


@pytest.fixture
def connector(node, tmp_path, monkeypatch):
    """A connector that knows the machine's host key, at a home without keys."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with Connector(known_hosts=(node.known_hosts,)) as connector:
        yield connector


@pytest.fixture
def reach(node):
    def reach(user, **others):
        fields = {"address": node.address, "port": node.port, "private_key_file": str(node.key_file), **others}
        return ConnectionSettings(user=user, **fields)

    return reach


@pytest.fixture
def run(connector, reach):
    """Run a program as a login user, and return what came."""

    def run(user, program="id -un", **others):
        transport = connector.connect("node", reach(user, **others))
        try:
            return transport.run(program)
        finally:
            transport.close()

    return run


def refusal(run, user, **others):
    with pytest.raises(BecomeError) as caught:
        run(user, "touch /tmp/canary; echo never", **others)
    return caught.value


@pytest.mark.parametrize(
    ("user", "password"),
    [("root", None), ("root", WRONG), ("operator", None), ("operator", WRONG), ("admin", RIGHT)],
)
def test_everybody_becomes_root(run, node, user, password):
    """Root needs no sudo, the operator no password; one that nobody wants is dropped and never executed."""
    assert run(user, "id -un; id -u; pwd", become_password=password).stdout == b"root\n0\n/\n"
    assert node.run("test -e /tmp/canary").returncode == 1


def test_becoming_somebody_else(run):
    """Not only root can be become; and nobody must."""
    assert run("admin", become_user="operator", become_password=RIGHT).stdout == b"operator\n"
    assert run("operator", become_user="nobody").stdout == b"nobody\n"
    assert run("operator", become=False).stdout == b"operator\n"


def test_several_programs_on_one_connection(connector, reach):
    """The password is sent with each; the later ones go in one burst."""
    transport = connector.connect("node", reach("admin", become_password=RIGHT))
    for number in range(3):
        done = transport.run(f"echo {number}; echo error >&2")
        assert (done.exit_code, done.stdout, done.stderr) == (0, b"%d\n" % number, b"error\n")
    big = transport.run(f": '{'x' * 1_000_000}'\nhead -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2\nid -u")
    assert (len(big.stdout), len(big.stderr)) == (3_000_002, 3_000_000)
    transport.close()


def test_the_password_is_nowhere_to_be_seen(run):
    """Neither in the arguments nor in the environment of any process, while a program runs."""
    look = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"
    seen = run("admin", look, become_password=RIGHT).stdout.decode("utf-8", "replace")
    assert "sshd" in seen
    assert ADMIN_PASSWORD not in seen


def test_a_wrong_password_is_refused_after_one_try(run, node):
    """The account must not be locked by guesses that nobody made."""
    begun = node.text("date '+%Y-%m-%d %H:%M:%S'")
    error = refusal(run, "admin", become_password=WRONG)
    assert error.message == (
        "could not become root: sudo refused the password; correct ansible_become_password, or give the right one "
        "with --ask-become-pass"
    )
    assert WRONG.reveal() not in "".join(error.output)
    assert node.run("test -e /tmp/canary").returncode == 1
    time.sleep(1)
    log = node.text(f"journalctl --no-pager -t sudo --since '{begun}'")
    assert log.count("1 incorrect password attempt") == 1
    assert log.count("authentication failure") == 1


def test_a_missing_password_is_asked_for(run):
    """sudo wants one, and there is none."""
    assert refusal(run, "admin").message.startswith("could not become root: sudo wants a password and none was given")


def test_an_unknown_user(run):
    """A typing error in ansible_become_user."""
    assert (
        "there is no such user on the host; correct ansible_become_user"
        in refusal(run, "operator", become_user="nobdy").message
    )


class TestOtherSudoers:
    @pytest.fixture(autouse=True)
    def sudoers(self, node):
        """Lets a test write a rule; all is as before afterwards."""

        def write(rule):
            node.run(f"echo '{rule}' >/etc/sudoers.d/zz-test && chmod 0440 /etc/sudoers.d/zz-test", check=True)

        yield write
        node.run("rm -f /etc/sudoers.d/zz-test", check=True)

    def test_a_terminal_is_required(self, run, sudoers):
        """Old RHEL-like systems have this by default."""
        sudoers("Defaults requiretty")
        assert "sudo insists on a terminal; put `Defaults:USER !requiretty`" in refusal(run, "operator").message

    def test_the_lecture_does_not_disturb(self, run, sudoers):
        """It goes to stderr, before the program's."""
        sudoers("Defaults lecture=always")
        done = run("admin", "echo out; echo err >&2", become_password=RIGHT)
        assert (done.stdout, done.stderr) == (b"out\n", b"err\n")

    def test_a_pseudo_terminal_of_sudo_changes_nothing(self, run, sudoers):
        """sudo >= 1.9.14 has use_pty by default."""
        sudoers("Defaults use_pty")
        for password in (RIGHT, None):
            user = "admin" if password else "operator"
            done = run(user, "printf 'a\\377\\n\\r\\n'; printf 'b\\n' >&2; exit 5", become_password=password)
            assert (done.exit_code, done.stdout, done.stderr) == (5, b"a\xff\n\r\n", b"b\n")

    def test_who_is_not_in_sudoers(self, run, sudoers):
        """The rule must be added by somebody."""
        sudoers("admin ALL=(ALL) !ALL")
        error = refusal(run, "admin", become_password=RIGHT)
        assert "sudoers does not let the login user do it; add a rule" in error.message

    def test_without_sudo(self, run, node):
        """A minimal installation."""
        node.run("mv /usr/bin/sudo /usr/bin/sudo.away", check=True)
        try:
            assert "sudo is not installed; install it, or log in as that user" in refusal(run, "operator").message
        finally:
            node.run("mv /usr/bin/sudo.away /usr/bin/sudo", check=True)


def test_nologin_is_explained(run, node):
    """The message has what the shell said."""
    node.run("usermod -s /usr/sbin/nologin operator", check=True)
    try:
        with pytest.raises(BecomeError) as caught:
            run("operator")
    finally:
        node.run("usermod -s /bin/sh operator", check=True)
    assert "This account is currently not available." in caught.value.output


def test_a_login_with_a_password(run, node, connector, reach):
    """ansible_password, and no key at all; a wrong one is told from no permission."""
    assert "passwordauthentication yes" in node.text("sshd -T")
    assert run("admin", private_key_file=None, password=RIGHT, become=False).stdout == b"admin\n"
    with pytest.raises(AuthenticationError, match=r"could not log in as admin: .* Tried: the password"):
        connector.connect("node", reach("admin", private_key_file=None, password=WRONG))


class TestBastions:
    @pytest.mark.parametrize("name", ["inner", "innermost"])
    def test_jumps_as_ssh_config_has_them(self, bastion_net, name):
        """One hop and two; the machines are unreachable otherwise."""
        machine = getattr(bastion_net, name)
        with Connector(ssh_config=machine.ssh_config, known_hosts=(machine.known_hosts,)) as connector:
            for _ in range(2):
                transport = connector.connect(name, ConnectionSettings(address=name, user="operator"))
                assert transport.run("id -un; uname -n").stdout == f"root\n{name}\n".encode()
                transport.close()
            direct = ConnectionSettings(address=name, proxy_jump="none", ssh_options={"connecttimeout": "3"})
            with pytest.raises(UnreachableError, match=r"no answer within|no route"):
                connector.connect(name, direct)
