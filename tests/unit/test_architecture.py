"""The floors of the house: imports only go down."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FLOORS = [
    {"tasks"},
    {"mountwright.__main__"},
    {"mountwright.cli"},
    {"mountwright.report"},
    {"roles", "mountwright.doctor", "mountwright.verify"},
    {"mountwright.rollout"},
    {"mountwright.converge"},
    {"mountwright.duties", "mountwright.kubernetes", "mountwright.plan", "mountwright.ssh"},
    {"mountwright.resources", "mountwright.spec", "mountwright.frames", "mountwright.local_transport"},
    {"mountwright.nfs", "mountwright.ceph", "mountwright.inventory", "mountwright.become"},
    {"mountwright.templates", "mountwright.yaml_lines"},
    {
        "mountwright.yaml_text",
        "mountwright.yaml_nodes",
        "mountwright.text_files",
        "mountwright.shell",
        "mountwright.prelude",
        "mountwright.transport",
        "mountwright.outcome",
        "mountwright.paths",
    },
    {"mountwright.secret"},
    {"mountwright.errors", "mountwright"},
]
LEVEL = {name: level for level, floor in enumerate(FLOORS) for name in floor}


def modules():
    yield ROOT / "tasks.py"
    yield from sorted((ROOT / "roles").rglob("*.py"))
    yield from sorted((ROOT / "mountwright").rglob("*.py"))


def module_name(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def room(name):
    """The first two parts of a module's name inside the engine, the first part outside."""
    parts = name.split(".")
    return ".".join(parts[:2]) if parts[0] == "mountwright" else parts[0]


def imports(path):
    """The modules of ours that a file imports, those for type checking too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            package = ROOT.joinpath(*node.module.split("."))
            for alias in node.names:
                inner = package / alias.name
                is_module = inner.is_dir() or inner.with_suffix(".py").exists()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def ours():
    for path in modules():
        name = module_name(path)
        for imported in imports(path):
            if imported.split(".")[0] in ("mountwright", "roles", "tasks"):
                yield name, imported


@pytest.mark.parametrize("path", list(modules()), ids=module_name)
def test_every_module_has_a_floor(path):
    """A new room is given its place before it is moved into."""
    assert room(module_name(path)) in LEVEL


def test_no_arrow_runs_back_up():
    """A module imports from its own room and from floors below."""
    upward = [
        f"{name} -> {imported}"
        for name, imported in ours()
        if room(name) != room(imported) and LEVEL[room(imported)] <= LEVEL[room(name)]
    ]
    assert upward == []


def test_only_the_tasks_know_the_tests():
    """The lab's tasks call it; nothing else may depend on what is not installed with it."""
    assert {module_name(path) for path in modules() for name in imports(path) if name.split(".")[0] == "tests"} <= {
        "tasks"
    }


def test_no_circle_of_modules():
    """Inside a room too, imports form no circle."""
    arrows: dict[str, set[str]] = {}
    for name, imported in ours():
        arrows.setdefault(name, set()).add(imported)
    arrows = {name: {target for target in targets if target != name} for name, targets in arrows.items()}
    while leaves := [name for name, targets in arrows.items() if not targets & arrows.keys()]:
        for leaf in leaves:
            del arrows[leaf]
    assert arrows == {}


def test_paramiko_has_one_door():
    """Only the part that opens connections knows the wire."""
    assert [
        module_name(path) for path in modules() if any(name.split(".")[0] == "paramiko" for name in imports(path))
    ] == ["mountwright.ssh.connector", "mountwright.ssh.wire"]


def test_no_file_is_over_four_hundred_lines():
    """A file that outgrows its concept is divided."""
    assert [module_name(path) for path in modules() if len(path.read_text().splitlines()) > 400] == []
