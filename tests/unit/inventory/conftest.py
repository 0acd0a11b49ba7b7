"""Inventories written for one test."""

from types import SimpleNamespace

import pytest

from mountwright.errors import InputError
from mountwright.inventory import load_inventory


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Write files into an empty folder and read it as an inventory; names in messages are relative to it."""
    monkeypatch.chdir(tmp_path)

    def write(**files):
        for name, text in files.items():
            path = tmp_path / "inv" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path.joinpath("inv").relative_to(tmp_path)

    def load(files, name=""):
        return load_inventory(write(**files) / name)

    def faults(files, name=""):
        with pytest.raises(InputError) as caught:
            load(files, name)
        return [str(problem) for problem in caught.value.problems]

    return SimpleNamespace(write=write, load=load, faults=faults)
