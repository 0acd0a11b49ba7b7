"""Hostile values in every variable of the inventory: refused with their line, or carried byte for byte.

What the operator's own machine runs (sudo, a ProxyCommand) runs for real here, with a trap on the PATH; what goes
over the wire is read by an SSH server that notes it.
"""

from __future__ import annotations

import ast
import json
import re
import shlex
import socket
import threading
from pathlib import Path

import paramiko
import pytest

from mountwright.errors import HostError, InputError
from mountwright.inventory import load_inventory
from mountwright.local_transport import LocalTransport
from mountwright.paths import bundled
from mountwright.spec.check_hosts import _ADDRESS_VARIABLES, peer_address
from mountwright.ssh import Connector
from tests.hostile.values import HOSTILE, TRAP

NAMES = {
    "ansible_host": "%h",
    "ansible_ssh_host": "%h",
    "ansible_user": "%r",
    "ansible_ssh_user": "%r",
}
"""Variables with the token under which a ProxyCommand gets them."""
BECOME_USERS = ["ansible_become_user", "ansible_sudo_user"]
BECOME_PASSWORDS = ["ansible_become_password", "ansible_become_pass", "ansible_sudo_pass"]
PASSWORDS = ["ansible_password", "ansible_ssh_pass", "ansible_ssh_password"]
KEY_FILES = ["ansible_private_key_file", "ansible_ssh_private_key_file"]
ARGUMENTS = ["ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args"]
WORDS = [
    *("ansible_port", "ansible_ssh_port", "ansible_connection", "ansible_become", "ansible_become_method"),
    *("ansible_host_key_checking", "ansible_ssh_host_key_checking"),
]
"""Variables that take one of a few words, or a number; no hostile value is any."""
OF_GROUPS = ["ansible_group_priority"]
"""Orders groups and goes nowhere."""

LOGIN = {"ansible_user": "joe", "ansible_password": "word"}
RAW = [value for value in HOSTILE if "{{" not in value and "{%" not in value]
"""Without Jinja, which is rendered first: what comes of it is as any other value."""


def strings_in_engine(pattern):
    """Every text in the engine's code that has the form."""
    for path in sorted(bundled("mountwright").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(pattern, node.value):
                yield node.value


def test_every_variable_is_listed():
    """A variable that the engine comes to read has to be added here."""
    known = {*NAMES, *BECOME_USERS, *BECOME_PASSWORDS, *PASSWORDS, *KEY_FILES, *ARGUMENTS, *WORDS, *OF_GROUPS}
    assert set(strings_in_engine(r"ansible_[a-z_]+")) == known


@pytest.fixture
def host(tmp_path):
    """Read an inventory of one host with these variables."""

    def read(**variables):
        folder = tmp_path / "inventory"
        folder.mkdir(exist_ok=True)
        (folder / "hosts.yml").write_text(json.dumps({"all": {"hosts": {"node1": variables}}}), "ascii")
        return load_inventory(folder).hosts["node1"]

    return read


@pytest.fixture
def settings(host):
    """The connection settings of one host, or None when they are refused in plain words."""

    def read(**variables):
        try:
            return host(**variables).connection
        except InputError as error:
            for problem in error.problems:
                assert str(problem).isprintable()
                assert problem.line == 1
            return None

    return read


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """The operator's machine: a trap and our programs first on the PATH; says whether the trap was sprung."""
    folder = tmp_path / "bin"
    folder.mkdir()
    marker = tmp_path / "sprung"

    def program(name, text):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)

    program(TRAP, f": >{shlex.quote(str(marker))}")
    program("touch", f": >{shlex.quote(str(marker))}")
    monkeypatch.setenv("PATH", f"{folder}:/usr/sbin:/usr/bin:/sbin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    monkeypatch.chdir(tmp_path)
    yield program
    assert not marker.exists()


@pytest.mark.parametrize("variable", WORDS)
@pytest.mark.parametrize("value", RAW)
def test_words(settings, variable, value):
    """Where only a few words have a meaning, anything else is refused."""
    assert settings(**{variable: value}) is None


@pytest.mark.parametrize("variable", _ADDRESS_VARIABLES)
@pytest.mark.parametrize("value", RAW)
def test_addresses_among_peers(host, variable, value):
    """What is to be a server's address for its clients is one, or is refused."""
    with pytest.raises(InputError, match="no address"):
        peer_address(host(**{variable: value}))


@pytest.mark.parametrize("variable", NAMES)
def test_names_in_a_proxy_command(settings, machine, tmp_path, variable):
    """A name that a ProxyCommand gets arrives as it is; one that its shell would act on is refused before."""
    machine("note", f"printf '%s\\0' \"$@\" >{shlex.quote(str(tmp_path))}/noted")
    arrived = 0
    for value in (*RAW, "plain", "CORP\\\\joe" if variable.endswith("user") else "fe80::1%25eth0", "ümläut☃"):
        command = f"-o ProxyCommand={shlex.quote(f'note {NAMES[variable]}')}"
        found = settings(**{"ansible_host": "node1", variable: value, "ansible_ssh_common_args": command})
        if found is None:
            continue
        with pytest.raises(HostError), Connector(ssh_config=None, known_hosts=()) as connector:
            connector.connect("node1", found)
        if "\\" not in value:  # as for ssh itself: DOMAIN\user has to be quoted in the command
            assert (tmp_path / "noted").read_bytes() == value.encode() + b"\0"
            arrived += 1
    assert arrived > 1


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.usefixtures("machine")
def test_the_name_of_a_host(tmp_path, value):
    """A host's own name is its address unless that is said: the same holds for it."""
    variables = {"ansible_ssh_common_args": "-o ProxyCommand='cat %h %n'"}
    (tmp_path / "hosts.yml").write_text(json.dumps({"all": {"hosts": {value: variables}}}), "ascii")
    try:
        (found,) = load_inventory(tmp_path / "hosts.yml").hosts.values()
        settings = found.connection
    except InputError:
        return
    with pytest.raises(HostError), Connector(ssh_config=None, known_hosts=()) as connector:
        connector.connect(found.name, settings)


SUDO_NOTES_USER = """while [ "$1" != -- ]; do
    [ "$1" != -u ] || printf '%s' "$2" >noted
    shift
done
shift
exec "$@"
"""


@pytest.mark.parametrize("variable", BECOME_USERS)
def test_become_user(settings, machine, tmp_path, variable):
    """The user arrives at sudo as it is, or is refused."""
    machine("sudo", SUDO_NOTES_USER)
    arrived = 0
    for value in RAW:
        found = settings(**{variable: value})
        if found is not None:
            assert LocalTransport(become_user=found.become_user).run("echo done").stdout == b"done\n"
            assert (tmp_path / "noted").read_bytes() == value.encode()
            arrived += 1
    assert arrived > 5


@pytest.mark.parametrize("variable", BECOME_PASSWORDS)
def test_become_password(settings, machine, tmp_path, variable):
    """The password is the one line that sudo reads, or is refused."""
    note = f"""IFS= read -r word; printf '%s' "$word" >{shlex.quote(str(tmp_path))}/noted"""
    machine("sudo", f"""{note}; while [ "$1" != -- ]; do shift; done; shift; exec "$@" """)
    arrived = 0
    for value in RAW:
        found = settings(**{variable: value})
        if found is not None:
            transport = LocalTransport(become_user="joe", become_password=found.become_password)
            assert transport.run("echo done").stdout == b"done\n"
            assert (tmp_path / "noted").read_bytes() == value.encode()
            arrived += 1
    assert arrived > 5


class Noting(paramiko.ServerInterface):
    """Lets nobody in and notes what they came with."""

    def __init__(self):
        self.came = []

    def get_allowed_auths(self, username):
        del username
        return "publickey,password"

    def check_auth_password(self, username, password):
        self.came.append(("password", username, password))
        return paramiko.AUTH_FAILED

    def check_auth_publickey(self, username, key):
        self.came.append(("key", username, key.get_base64()))
        return paramiko.AUTH_FAILED


@pytest.fixture(scope="module")
def server():
    """An SSH server of this machine: its port, the line of known_hosts for it, and what it noted."""
    key = paramiko.ECDSAKey.generate()
    noting = Noting()
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # closed: the tests are over
            transport = paramiko.Transport(connection)
            transport.add_server_key(key)
            transport.start_server(server=noting, event=threading.Event())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield port, f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n", noting.came
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)


@pytest.fixture
def knock(server, tmp_path, settings):
    """Try to log in with these variables; returns what the server noted, or None when they are refused before."""
    port, known_hosts, came = server
    (tmp_path / "known_hosts").write_text(known_hosts)

    def call(**variables):
        found = settings(ansible_host="127.0.0.1", ansible_port=port, **variables)
        if found is None:
            return None
        came.clear()
        with (
            pytest.raises(HostError) as caught,
            Connector(ssh_config=None, known_hosts=(tmp_path / "known_hosts",)) as connector,
        ):
            connector.connect("node1", found)
        assert caught.value.message.isprintable()
        return list(came)

    return call


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("variable", PASSWORDS)
def test_password(knock, variable):
    """The server gets the password and the user as they are."""
    for value in RAW:
        assert knock(**{"ansible_user": "joe", variable: value}) == [("password", "joe", value)], value


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("variable", ["ansible_user", "ansible_ssh_user"])
def test_user(knock, variable):
    """The server gets the user as he is, or he is refused before."""
    for value in [*RAW, "CORP\\joe"]:
        assert knock(**{variable: value, "ansible_password": "word"}) in (None, [("password", value, "word")]), value


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("variable", KEY_FILES)
def test_key_file(knock, tmp_path, variable):
    """The key of exactly that file is offered."""
    key = paramiko.ECDSAKey.generate()
    offered = 0
    for value in RAW:
        path = f"{tmp_path}/keys/{value}"
        if not value.isprintable() or len(value) > 255:
            assert not knock(**{"ansible_user": "joe", variable: path}), value
            continue
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        key.write_private_key_file(path)
        assert knock(**{"ansible_user": "joe", variable: path}) == [("key", "joe", key.get_base64())], value
        offered += 1
    assert offered > 20


def options_that_are_read():
    """The options of ssh that mean something here, by the calls that read them, and those that stand for others."""
    tree = ast.parse(bundled("mountwright/ssh/settings.py").read_text("utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            first = node.args[0]
            if node.func.attr in {"text", "number", "seconds", "expanded", "paths"} and isinstance(
                first, ast.Constant
            ):
                yield first.value
    yield from ("proxyjump", "identityfile")


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("option", sorted(set(options_that_are_read())))
def test_ssh_options(knock, option):
    """Whatever an option of ssh is set to, there is a message and nothing is executed."""
    for value in RAW:
        knock(**{**LOGIN, "ansible_ssh_common_args": f"-o {option}={shlex.quote(value)}"})


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize("variable", ARGUMENTS)
def test_ssh_arguments(knock, variable):
    """The arguments are cut into words as a shell does it, and nothing more."""
    for value in RAW:
        knock(**{**LOGIN, variable: value})
