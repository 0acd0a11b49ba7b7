"""Arguments of ssh(1) in inventories."""

import re

import pytest

from mountwright.inventory.ssh_arguments import SshArguments


def options(*texts):
    arguments = SshArguments()
    for text in texts:
        arguments.take(text)
    return arguments.options


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("-J bastion", {"proxyjump": "bastion"}),
        ("-Jops@bastion:2222,inner", {"proxyjump": "ops@bastion:2222,inner"}),
        ("-o ProxyJump=none", {"proxyjump": "none"}),
        ("-oProxyJump=a", {"proxyjump": "a"}),
        ('-o ProxyCommand="ssh -W %h:%p -q ops@bastion"', {"proxycommand": "ssh -W %h:%p -q ops@bastion"}),
        ("-o 'ProxyCommand ssh -W \"%h\":%p b'", {"proxycommand": 'ssh -W "%h":%p b'}),
        ("-o 'ProxyCommand=\"nc %h %p\"'", {"proxycommand": "nc %h %p"}),
        ("-o 'ServerAliveInterval = 30'", {"serveraliveinterval": "30"}),
        ("-C -4 -vvv -q", {"compression": "yes", "addressfamily": "inet"}),
        ("-Cvp 2222", {"compression": "yes", "port": "2222"}),
        ("-i ~/.ssh/key -l ops", {"identityfile": "~/.ssh/key", "user": "ops"}),
        ("-o StrictHostKeyChecking=no -o stricthostkeychecking=yes", {"stricthostkeychecking": "no"}),
        ("-J a -o ProxyCommand=b", {"proxyjump": "a"}),
        ("-o ProxyCommand=b -J a", {"proxycommand": "b"}),
        ("-o UserKnownHostsFile=/dev/null -o SendEnv=A=B", {"userknownhostsfile": "/dev/null", "sendenv": "A=B"}),
    ],
)
def test_options(text, expected):
    """The forms that ssh takes, the first value of an option winning."""
    assert expected == options(text)


def test_the_first_text_wins():
    """What is taken first wins over what is taken later, as on one command line."""
    assert options("-o Port=1", "-o Port=2 -C") == {"port": "1", "compression": "yes"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "-F /etc/other",
            "the option -F FILE is not supported: put its content into ~/.ssh/config, or say it with -o",
        ),
        ("-W x:1", "the option -W of ssh is not supported; -J, -i, -o Key=Value and -p are"),
        ("-o", "the option -o lacks its value"),
        ("-o Compression", "-o 'Compression' is no Key=Value"),
        ("bastion", "'bastion' is no option of ssh; quote values that hold spaces"),
        ("-o ProxyCommand=ssh -W %h", "the option -W of ssh is not supported; -J, -i, -o Key=Value and -p are"),
        ("-o 'X=1", '"-o \'X=1" is no valid list of arguments: no closing quotation'),
    ],
)
def test_what_is_refused(text, message):
    """What can't be honoured is refused, not passed over."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        options(text)
