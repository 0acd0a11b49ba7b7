"""Ansible's INI format: its faults (what it reads right is held against the real Ansible in tests/golden)."""

import pytest

from mountwright.inventory.ini_format import literal, read_ini


def faults(text):
    return [str(problem) for problem in sorted(read_ini(text, "hosts.ini").problems)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a:children]\nb\nc\n[b]\n", ["hosts.ini:3: [a:children] names the group c, which is not defined"]),
        ("[a:vars]\nx=1\n",
         ["hosts.ini:1: [a:vars] is for a group that is not defined; add a section [a]"]),
        ("[a:kids]\nx y z\n", ["hosts.ini:1: [a:kids] is of an unknown kind; children, vars and hosts are known"]),
        ("[a b]\nh1\n",
         [("hosts.ini:1: [a b] is no section: [GROUP], [GROUP:children] or [GROUP:vars], without spaces, "
           "was expected")]),
        ("[a]\nh1 x\nh2 y=1 =2\n",
         ["hosts.ini:2: a: 'x' is no variable; NAME=VALUE was expected",
          "hosts.ini:3: a: '=2' is no variable; NAME=VALUE was expected"]),
        ("[a]\nh1 ansible_password=correct horse\n",
         ["hosts.ini:2: a: the value of ansible_password is cut at a space; quote it"]),
        ("[a]\nh1\n[a:vars]\njust words\n", ["hosts.ini:4: a: 'just words' is no variable; NAME=VALUE was expected"]),
        ("[a]\nh1 x='open\n", ["hosts.ini:2: a: the line can't be cut into words: no closing quotation"]),
        ("[a]\nh[3:1]\nh[1:2\n",
         ["hosts.ini:2: a: the range [3:1] runs backwards; the smaller end comes first",
          ("hosts.ini:3: a: 'h[1:2' has brackets that are no range: [BEGIN:END] or [BEGIN:END:STEP], with numbers or "
          "single letters")]),
        ("h1:\n", ["hosts.ini:1: ungrouped: the host 'h1:' ends with a colon; a port was expected behind it"]),
        ("---\na:\n", ["hosts.ini:1: ungrouped: --- begins a YAML file, but the file is read as INI; name it .yml",
                       "hosts.ini:2: ungrouped: the host 'a:' ends with a colon; a port was expected behind it"]),
        ("'a b'\n\"\"\n", ["hosts.ini:1: ungrouped: the host name 'a b' holds a space or a control character",
                           "hosts.ini:2: ungrouped: the host name '' is empty"]),
        ("[a]\n[a:vars]\nansible_group_priority=high\n",
         ["hosts.ini:3: a: ansible_group_priority has to be a whole number, not 'high'"]),
        ("[a:children]\nb c\n[b]\n", ["hosts.ini:2: a: 'b c' is no name of a group"]),
    ],
)  # fmt: skip
def test_faults(text, expected):
    """Every fault has its line, and all are found at once."""
    assert expected == faults(text)


def test_comments_may_be_in_any_encoding():
    """Bytes that aren't UTF-8 do no harm in comments, and are refused elsewhere."""
    text = b"# caf\xe9\nh1\nh2 x=caf\xe9\n".decode("utf-8", "surrogateescape")
    assert faults(text) == ["hosts.ini:3: is not UTF-8; save the file as UTF-8"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8", 8),
        ("-1.5", -1.5),
        ("True", True),
        ("true", "true"),
        ("007", "007"),
        ("None", None),
        ("'8'", "8"),
        ("[1, 'a']", [1, "a"]),
        ("(1, {'a': (2,)})", [1, {"a": [2]}]),
        ("a=b", "a=b"),
        ("{(1, 2): 3, 4: b'x'}", {"(1, 2)": 3, 4: "x"}),
        ("{{ x }}", "{{ x }}"),
        ("", ""),
        ("b'x'", "x"),
        ("__import__('os').getcwd()", "__import__('os').getcwd()"),
        ("(" * 500, "(" * 500),
        ("\0", "\0"),
    ],
)
def test_literals(text, expected):
    """A value that is a Python literal is that; anything else is text, and nothing is ever run."""
    assert expected == literal(text)
    assert type(expected) is type(literal(text))


def test_the_first_port_counts():
    """A port behind the name counts where the host is named first; a variable overrides it."""
    draft = read_ini("[a]\nh:1\ni:2 ansible_port=3\n[b]\nh:4\n", "hosts.ini")
    assert [variables["ansible_port"].value for variables in draft.hosts.values()] == [1, 3]
