"""The look into a volume's directory, under every shell."""

from __future__ import annotations

from mountwright.kubernetes.on_server import in_words, look_into, look_script
from mountwright.local_transport import LocalTransport


def told(shell, path):
    ran = shell.run(look_script(str(path)), "u")
    assert (ran.exit_code, ran.complaint) == (0, "")
    return in_words(ran.stdout)


def test_what_is_there_is_told(shell, tmp_path):
    """Nothing, no directory, a few names with hidden ones, and how many more."""
    folder = tmp_path / "it's $(touch evil)"
    assert told(shell, folder) == "there is no such directory"
    folder.mkdir()
    assert told(shell, folder) == "it is empty"
    for name in (".hidden", "a b", "-n"):
        (folder / name).write_text("")
    assert sorted(told(shell, folder).removeprefix("it holds ").split(", ")) == ["-n", ".hidden", "a b"]
    for number in range(7):
        (folder / f"file{number}").write_text("")
    assert told(shell, folder).endswith(" and 5 more")
    assert [each.name for each in tmp_path.iterdir()] == [folder.name]


def test_a_host_is_asked_through_its_transport(tmp_path):
    """As the task asks a server."""
    (tmp_path / "data").write_text("")
    assert look_into(LocalTransport(), str(tmp_path)) == "it holds data"
