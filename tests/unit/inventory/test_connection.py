"""Connection settings: from variables to how a host is reached."""

from pathlib import Path

import pytest

from mountwright.errors import InputError
from mountwright.inventory import ConnectionSettings
from mountwright.secret import Secret


@pytest.fixture
def connection(folder):
    """The settings of one host with the given variables, written as YAML lines."""

    def read(*lines):
        text = "all:\n  hosts:\n    node1.example.com:\n  vars:\n    x: 1\n"
        return folder.load({"hosts.yml": text + "".join(f"    {line}\n" for line in lines)}).hosts[
            "node1.example.com"
        ].connection  # fmt: skip

    return read


@pytest.fixture
def refused(folder):
    """The faults of one host's settings."""

    def read(*lines):
        text = "all:\n  hosts:\n    node1:\n  vars:\n    x: 1\n" + "".join(f"    {line}\n" for line in lines)
        host = folder.load({"hosts.yml": text}).hosts["node1"]
        with pytest.raises(InputError) as caught:
            _ = host.connection
        return [str(problem) for problem in caught.value.problems]

    return read


def test_a_host_without_settings(connection):
    """A bare name is its own address; what is not said is left to ssh_config; root is what we become."""
    assert connection() == ConnectionSettings(address="node1.example.com")


def test_everything_at_once(connection, monkeypatch):
    """Each setting arrives where it belongs, rendered and typed."""
    monkeypatch.setenv("HOME", "/home/me")
    actual = connection(
        "ansible_host: '10.0.0.{{ x }}'",
        "ansible_port: '22'",
        "ansible_user: ops",
        "ansible_password: pw1",
        "ansible_ssh_private_key_file: ~/.ssh/key",
        "ansible_ssh_common_args: -o ProxyJump=bastion -o ServerAliveInterval=5",
        "ansible_ssh_extra_args: -o ServerAliveInterval=6 -C",
        "ansible_connection: smart",
        "ansible_become: 'yes'",
        "ansible_become_user: admin",
        "ansible_become_pass: 1234",
        "ansible_become_method: sudo",
        "ansible_ssh_host_key_checking: false",
    )
    assert actual == ConnectionSettings(
        address="10.0.0.1",
        port=22,
        user="ops",
        password=Secret("pw1"),
        private_key_file="/home/me/.ssh/key",
        proxy_jump="bastion",
        proxy_command=None,
        ssh_options={"serveraliveinterval": "5", "compression": "yes", "stricthostkeychecking": "no"},
        transport="ssh",
        become=True,
        become_user="admin",
        become_password=Secret("1234"),
    )


@pytest.mark.parametrize(
    ("lines", "field", "expected"),
    [
        (["ansible_host: a", "ansible_ssh_host: b"], "address", "b"),
        (["ansible_ssh_port: 2222"], "port", 2222),
        (["ansible_port: '{{ x + 21 }}'"], "port", 22),
        (["ansible_port: "], "port", None),
        (["ansible_port: ''"], "port", None),
        (["ansible_port: '{{ nothing | default(omit) }}'"], "port", None),
        (["ansible_ssh_common_args: -p 2200"], "port", 2200),
        (["ansible_port: 1", "ansible_ssh_common_args: -p 2200"], "port", 1),
        (["ansible_ssh_user: u"], "user", "u"),
        (["ansible_ssh_common_args: -o User=u"], "user", "u"),
        (["ansible_become_user: !unsafe '{{x}}'"], "become_user", "{{x}}"),
        (["ansible_ssh_pass: p"], "password", Secret("p")),
        (["ansible_ssh_pass: '{{ x }}'"], "password", Secret("1")),
        (["ansible_become_password: !unsafe '{{ x }}'"], "become_password", Secret("{{ x }}")),
        (["ansible_sudo_pass: p"], "become_password", Secret("p")),
        (["ansible_become: false"], "become", False),
        (["ansible_become: '{{ x == 2 }}'"], "become", False),
        (["ansible_connection: local"], "transport", "local"),
        (["ansible_connection: ansible.builtin.ssh"], "transport", "ssh"),
        (["ansible_connection: paramiko"], "transport", "ssh"),
        (["ansible_ssh_common_args: -J none"], "proxy_jump", "none"),
        (["ansible_ssh_common_args: '-o ProxyCommand=\"ssh -W %h:%p b\"'"], "proxy_command", "ssh -W %h:%p b"),
        (["jump: gate", "ansible_ssh_common_args: '-J {{ jump }}'"], "proxy_jump", "gate"),
        (["ansible_host: '{{ inventory_hostname_short }}.lan'"], "address", "node1.lan"),
        (["ansible_host: '{{ hostvars[inventory_hostname].x }}'"], "address", "1"),
        (["ansible_host: '{{ groups.all[0] }}-{{ group_names | first }}'"], "address", "node1.example.com-ungrouped"),
        (["a: '{{ b }}'", "b: '{{ c.d[0] }}'", "c: {d: ['{{ x }}']}", "ansible_host: h{{ a }}"], "address", "h1"),
        (["bad: '{{ no }}'", "ansible_host: \"{{ bad if x == 2 else 'ok' }}\""], "address", "ok"),
        (["conf: {a: '{{ no }}', b: z}", "ansible_host: h"], "address", "h"),
        (["ansible_host: '{{ inventory_dir | basename }}'"], "address", "inv"),
    ],
)  # fmt: skip
def test_one_setting(connection, lines, field, expected):
    """Aliases, empty values, templates, and what ssh arguments say, one by one."""
    assert expected == getattr(connection(*lines), field)


def test_a_relative_key_file_is_relative_to_the_current_directory(connection):
    """As for ssh itself."""
    assert connection("ansible_ssh_private_key_file: keys/id").private_key_file == str(Path.cwd() / "keys/id")


DEFINE = "define it, or give it a default with | default(...)"
FAILS = "the template can't be rendered:"
PORT = "the port has to be a whole number from 1 to 65535, not"
WOULD_ACT = "is no name: it begins with a dash, or holds white space or what shells act on"
NO_NAME = "is no name: it begins with a dash or holds a space or control character"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["ansible_port: 0"], [f"6: ansible_port: host node1: {PORT} 0"]),
        (["ansible_port: 65536"], [f"6: ansible_port: host node1: {PORT} 65536"]),
        (["ansible_port: true"], [f"6: ansible_port: host node1: {PORT} True"]),
        (
            ["ansible_port: ssh", "ansible_become: perhaps"],
            [
                f"6: ansible_port: host node1: {PORT} 'ssh'",
                "7: ansible_become: host node1: has to be true or false, not 'perhaps'",
            ],
        ),
        (
            ["ansible_host: '{{ nowhere }}'"],
            [f"6: ansible_host: host node1: {FAILS} 'nowhere' is undefined; {DEFINE}"],
        ),
        (
            ["a: '{{ b }}'", "b: '{{ c }}'", "ansible_host: '{{ a }}'"],
            [f"7: b: host node1: {FAILS} 'c' is undefined; {DEFINE}"],
        ),
        (
            ["a: '{{ b }}'", "b: '{{ a }}'", "ansible_host: '{{ a }}'"],
            ["6: a: host node1: the variable refers to itself: a > b > a"],
        ),
        (
            ["ansible_host: '{{ hostvars.node1.ansible_host }}'"],
            ["6: ansible_host: host node1: the variable refers to itself: ansible_host > ansible_host"],
        ),
        (
            ["ansible_host: '{{ hostvars.node9.x }}'"],
            [f"6: ansible_host: host node1: {FAILS} 'hostvars' has no attribute 'node9'; {DEFINE}"],
        ),
        (
            ["ansible_host: '{{ hostvars.node1.y }}'"],
            [f"6: ansible_host: host node1: {FAILS} 'the host' has no attribute 'y'; {DEFINE}"],
        ),
        (
            ["ansible_host: '{{ conf.a }}'", "conf: {a: {b: ['{{ no }}']}}"],
            [f"7: conf.a.b[0]: host node1: {FAILS} 'no' is undefined; {DEFINE}"],
        ),
        (
            ["ansible_user: [a]"],
            ["6: ansible_user: host node1: has to be text, not a list or a mapping"],
        ),
        (["ansible_host: -oProxyCommand=x"], [f"6: ansible_host: host node1: '-oProxyCommand=x' {WOULD_ACT}"]),
        (["ansible_ssh_user: a;b"], [f"6: ansible_ssh_user: host node1: 'a;b' {WOULD_ACT}"]),
        (
            ['ansible_become_pass: "a\\nb"'],
            ["6: ansible_become_pass: host node1: holds a line break or a NUL byte, which no password of sudo has"],
        ),
        (
            ['ansible_private_key_file: "a\\0b"'],
            ["6: ansible_private_key_file: host node1: 'a\\x00b' is no path of a key: it holds control characters"],
        ),
        (
            ["ansible_private_key_file: ~nobody-here/key"],
            [
                (
                    "6: ansible_private_key_file: host node1: '~nobody-here/key' is in the home of a user who does "
                    "not exist here"
                )
            ],
        ),
        (['ansible_become_user: "a\\nb"'], [f"6: ansible_become_user: host node1: 'a\\nb' {NO_NAME}"]),
        (
            ["ansible_connection: winrm"],
            ["6: ansible_connection: host node1: 'winrm' is not supported; ssh and local are"],
        ),
        (["ansible_become_method: su"], ["6: ansible_become_method: host node1: 'su' is not supported; sudo is"]),
        (
            ["ansible_ssh_common_args: -C", "ansible_ssh_extra_args: -W x"],
            [
                (
                    "7: ansible_ssh_extra_args: host node1: "
                    "the option -W of ssh is not supported; -J, -i, -o Key=Value and -p are"
                )
            ],
        ),
    ],
)
def test_faults(refused, lines, expected):
    """Each fault names the host, the variable, its file and line; all are found at once."""
    assert [f"inv/hosts.yml:{fault}" for fault in expected] == refused(*lines)


def test_a_template_that_is_none(refused):
    """A syntax error is named like any other fault."""
    (fault,) = refused("ansible_user: '{{ x'")
    assert fault.startswith("inv/hosts.yml:6: ansible_user: host node1: is no valid template: ")


def test_passwords_are_never_shown(connection):
    """Neither settings nor anything printed of them shows a password."""
    text = repr(connection("ansible_password: hunter2", "ansible_become_password: hunter3"))
    assert "hunter" not in text
