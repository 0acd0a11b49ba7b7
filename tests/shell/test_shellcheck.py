"""shellcheck reads the prelude and every body of the resources."""

from __future__ import annotations

import subprocess

import pytest

from mountwright.kubernetes import on_server
from mountwright.prelude import PRELUDE
from mountwright.resources import absent, directory, file, kernel_module, kernel_module_scripts, package, unit

BODIES = {
    "prelude": ":",
    "file probe": file._PROBE,
    "file write": file._WRITE,
    "file set": file._SET,
    "absent probe": absent._PROBE,
    "absent remove": absent._REMOVE,
    "directory probe": directory._PROBE,
    "directory make": directory._MAKE,
    "package probe": package._PROBE,
    "package install": package._INSTALL,
    "module install": kernel_module._INSTALL,
    "module probe": kernel_module_scripts.PROBE,
    "module apply": kernel_module_scripts.APPLY,
    "unit probe": unit._PROBE,
    "unit apply": unit._APPLY,
    "look into a directory": on_server._LOOK,
}
VARIABLES = (
    *("path", "owner", "group", "mode", "limit", "content", "seen", "backup", "validator", "link", "primary"),
    *("debian", "redhat", "suse", "module", "pattern", "options", "options_seen", "load"),
    *("unmask", "reload", "enable", "state", "mask", "package"),
)
IGNORED = (
    "SC1090,SC1091",  # os-release is read where it is
    "SC2015",  # A && B || C is meant where it stands
    "SC2034",  # the prelude sets variables for those who come after it
    "SC2154",  # our names for what os-release sets
    "SC2317,SC2329",  # functions that this body does not call
)


@pytest.mark.parametrize("name", BODIES)
def test_shellcheck_finds_nothing(name):
    """What runs on hosts is POSIX sh without the known traps."""
    declared = "".join(f"{variable}=$(cat)\n" for variable in VARIABLES)
    text = f'#!/bin/sh\nset -- "$@"\n{PRELUDE}\n{declared}(\n{BODIES[name]}\n)\n'
    done = subprocess.run(
        ["shellcheck", "-f", "gcc", "-s", "sh", "-e", ",".join(IGNORED), "-"],
        input=text.encode(),
        capture_output=True,
        check=False,
    )
    assert done.stdout.decode().splitlines() == []
