"""Ansible's YAML format: its faults (what it reads right is held against the real Ansible in tests/golden)."""

import pytest

from mountwright.inventory.yaml_format import read_yaml
from mountwright.yaml_lines import parse


def faults(text):
    return [str(problem) for problem in sorted(read_yaml(parse(text, "hosts.yml")).problems)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["hosts.yml:1: is empty; groups were expected: all: {hosts: {NAME: }}"]),
        ("- a\n", ["hosts.yml:1: has to be a mapping of groups, not a list"]),
        ("all:\n  host:\n    a:\n",
         ["hosts.yml:2: all.host: a group has hosts, children and vars, and no key 'host'; did you mean hosts?"]),
        ("all:\n  hosts:\n  - a\n  - b\n",
         [("hosts.yml:2: all.hosts: has to be a mapping (one NAME: a line, with a colon and without a dash), "
           "not a list")]),
        ("all:\n  vars: x\n", ["hosts.yml:2: all.vars: has to be a mapping (NAME: VALUE), not text"]),
        ("all:\n  hosts:\n    a: x\n    7:\n",
         ["hosts.yml:3: all.hosts.a: the variables of a host have to be a mapping, not text",
          "hosts.yml:4: all.hosts[7]: the name of a host has to be text, this is 7; quote it"]),
        ("all:\n  children:\n    web: [a]\n    5:\n",
         ["hosts.yml:3: all.children.web: a group is a mapping with hosts, children and vars, not a list",
          "hosts.yml:4: all.children[5]: the name of a group has to be text, this is 5; quote it"]),
        ("all:\n  hosts:\n    a: {1: x}\n  vars: {2: y}\n",
         ["hosts.yml:3: all.hosts.a[1]: the name of a variable has to be text, this is 1; quote it",
          "hosts.yml:4: all.vars[2]: the name of a variable has to be text, this is 2; quote it"]),
        ("all:\n  hosts:\n    'h[2:1]':\n    'a b':\n",
         ["hosts.yml:3: all: the range [2:1] runs backwards; the smaller end comes first",
          "hosts.yml:4: all: the host name 'a b' holds a space or a control character"]),
        ("'a b':\n", ["hosts.yml:1: a b: the group name 'a b' holds a space or a control character"]),
        ("plugin: constructed\nstrict: true\n",
         [("hosts.yml:1: plugin: configures an inventory plugin of Ansible, which can't be run here; "
           "save the result of ansible-inventory --list --yaml --export and use that")]),
        ("web:\n  vars:\n    ansible_group_priority: [1]\n",
         ["hosts.yml:3: web: ansible_group_priority has to be a whole number, not [1]"]),
    ],
)  # fmt: skip
def test_faults(text, expected):
    """Every fault has its line and key path, and all are found at once."""
    assert expected == faults(text)


def test_variables_know_their_lines():
    """A variable has the line that it is written in."""
    draft = read_yaml(parse("all:\n  vars:\n    a: 1\n  hosts:\n    h:\n      b: 2\n      c: 3\n", "hosts.yml"))
    assert draft.groups["all"].variables["a"].origin == "hosts.yml:3"
    assert {name: variable.line for name, variable in draft.hosts["h"].items()} == {"b": 6, "c": 7}
