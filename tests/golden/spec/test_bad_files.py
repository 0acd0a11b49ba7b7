"""Each kind of fault in a storage.yml, with the exact message that an operator gets.

A file of ``bad/`` or ``warnings/`` ends with what is expected of it, in lines ``#! LINE: KEY: MESSAGE``.
"""

from pathlib import Path

import pytest

from mountwright.errors import InputError
from mountwright.inventory import load_inventory
from mountwright.spec import load_storage

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.yml"))
WARNINGS = sorted((HERE / "warnings").glob("*.yml"))


@pytest.fixture(scope="module")
def inventory():
    return load_inventory(HERE / "inventory")


def expected(path):
    return [line[3:] for line in path.read_text("utf-8").splitlines() if line.startswith("#! ")]


def shown(path, problems):
    return [str(problem).removeprefix(f"{path}:") for problem in problems]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_a_bad_file_is_refused_with_every_fault_at_once(path, inventory):
    """All faults of a file are reported together, each with its line, its key and what was expected."""
    with pytest.raises(InputError) as raised:
        load_storage(path, inventory)
    assert expected(path) == shown(path, raised.value.problems)
    assert expected(path)


@pytest.mark.parametrize("path", WARNINGS, ids=lambda path: path.stem)
def test_a_doubtful_file_is_taken_with_warnings(path, inventory):
    """What is allowed but probably not meant is a warning at its place, and the file is read."""
    assert expected(path) == shown(path, load_storage(path, inventory).warnings)
    assert expected(path)


def test_a_file_that_is_no_utf8_is_refused(tmp_path, inventory):
    """Bytes that are no UTF-8 are an error with their line, never a traceback."""
    path = tmp_path / "storage.yml"
    path.write_bytes(b"ceph:\n  clients: caf\xe9\n")
    with pytest.raises(InputError) as raised:
        load_storage(path, inventory)
    assert shown(path, raised.value.problems) == ["2: is not UTF-8: there is a byte 0xe9; save the file as UTF-8"]


def test_a_file_that_is_missing_is_refused(tmp_path, inventory):
    """A file that can't be read is an error that names it."""
    path = tmp_path / "storage.yml"
    with pytest.raises(InputError) as raised:
        load_storage(path, inventory)
    assert str(raised.value) == f"{path}: can't be read: No such file or directory"
