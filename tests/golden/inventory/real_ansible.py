"""The real Ansible, asked what it makes of an inventory."""

import functools
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures"
FILES = {
    "cluster-ini": "inventory.ini",
    "cluster-yaml": "hosts.yaml",
    "precedence": "hosts.yml",
    "ini-forms": "hosts",
    "yaml-forms": "inventory.yml",
}


def run(program, *arguments):
    """Run a program of Ansible's beside this Python, without anybody's configuration."""
    with tempfile.TemporaryDirectory() as home:
        configuration = Path(home, "ansible.cfg")
        configuration.write_text("")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": home,
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_CONFIG": str(configuration),
            "ANSIBLE_DEPRECATION_WARNINGS": "False",
        }
        command = [str(Path(sys.executable).parent / program), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


@functools.cache
def inventory(file):
    """What ``ansible-inventory --list`` prints, as data."""
    done = run("ansible-inventory", "-i", str(file), "--list")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def hosts_of(listing, group):
    """All hosts of a group in Ansible's listing, children included."""
    content = listing.get(group, {})
    found = set(content.get("hosts", ()))
    return found.union(*(hosts_of(listing, child) for child in content.get("children", ())))
