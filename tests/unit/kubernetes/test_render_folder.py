"""The folder of rendered files: what is written, replaced, removed, and what is never touched."""

import stat

import pytest

from mountwright.errors import InputError
from mountwright.kubernetes.folder import file_name, write_folder
from mountwright.kubernetes.manifests import Manifest
from mountwright.kubernetes.rendering import header
from mountwright.yaml_lines import Document

DOCUMENT = Document("inventories/a/storage.yml", {})


def manifest(kind, name, namespace="", text="a: b\n"):
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    data = {"apiVersion": "v1", "kind": kind, "metadata": metadata}
    return Manifest(data, DOCUMENT, rendered=True, text=header(DOCUMENT.source) + text)


PV1, PV2 = manifest("PersistentVolume", "pv1"), manifest("PersistentVolume", "pv2")
KEY = manifest("Secret", "key", "ceph")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_one_file_an_object_and_a_list(tmp_path):
    """The list names the files in their order."""
    folder = tmp_path / "new" / "out"
    written = write_folder([KEY, PV2, PV1], folder)
    assert written.files == ("secret-ceph.key.yaml", "persistentvolume-pv2.yaml", "persistentvolume-pv1.yaml")
    assert names(folder) == sorted([*written.files, "kustomization.yaml"])
    lines = (folder / "kustomization.yaml").read_text().splitlines()
    assert lines[-3:] == [f"  - {name}" for name in written.files]
    assert (folder / "persistentvolume-pv1.yaml").read_text() == PV1.text


def test_secrets_are_for_their_owner_alone(tmp_path):
    """The file has mode 0600 and a new folder 0700; without Secrets both are as other files are."""
    write_folder([KEY, PV1], tmp_path / "secret")
    assert mode(tmp_path / "secret") == 0o700
    assert mode(tmp_path / "secret" / "secret-ceph.key.yaml") == 0o600
    assert mode(tmp_path / "secret" / "persistentvolume-pv1.yaml") == 0o644
    write_folder([PV1], tmp_path / "open")
    assert mode(tmp_path / "open") & 0o700 == 0o700
    write_folder([KEY, PV1], tmp_path / "open")
    assert mode(tmp_path / "open") == 0o700


def test_the_mode_of_a_secret_is_put_right(tmp_path):
    """A file that somebody has opened to all is closed again, though its text is the same."""
    write_folder([KEY], tmp_path / "out")
    (tmp_path / "out" / "secret-ceph.key.yaml").chmod(0o644)
    assert write_folder([KEY], tmp_path / "out").changed == {"secret-ceph.key.yaml"}
    assert mode(tmp_path / "out" / "secret-ceph.key.yaml") == 0o600


def test_a_folder_of_others_keeps_its_mode(tmp_path):
    """A folder with other things in it is not closed to those who use them."""
    tmp_path.chmod(0o755)
    (tmp_path / "other.txt").write_text("mine")
    write_folder([KEY], tmp_path)
    assert mode(tmp_path) == 0o755
    assert mode(tmp_path / "secret-ceph.key.yaml") == 0o600


def test_a_second_rendering_changes_nothing(tmp_path):
    """Files that have the text already are left alone, their times too."""
    write_folder([KEY, PV1], tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    written = write_folder([KEY, PV1], tmp_path)
    assert (written.changed, written.removed) == (frozenset(), ())
    assert before == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}


def test_what_is_no_longer_declared_goes(tmp_path):
    """An object's file of an earlier rendering is removed, and said; everything else stays."""
    write_folder([PV1, PV2], tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "persistentvolume-copy.yaml").write_text(PV2.text)  # our header, but not in our list
    written = write_folder([PV1], tmp_path)
    assert written.removed == ("persistentvolume-pv2.yaml",)
    assert names(tmp_path) == [
        "kustomization.yaml",
        "notes.txt",
        "persistentvolume-copy.yaml",
        "persistentvolume-pv1.yaml",
    ]


def test_nothing_of_others_is_removed(tmp_path):
    """A listed file without our header, a link, and a path out of the folder stay, whatever the list says."""
    write_folder([PV1, PV2], tmp_path / "out")
    outside = tmp_path / "outside.yaml"
    outside.write_text(PV1.text)
    link = tmp_path / "out" / "link.yaml"
    link.symlink_to(outside)
    (tmp_path / "out" / "persistentvolume-pv2.yaml").write_text("# now mine\n")
    listed = tmp_path / "out" / "kustomization.yaml"
    listed.write_text(listed.read_text() + "  - link.yaml\n  - ../outside.yaml\n  - {a: b}\n")
    assert write_folder([PV1], tmp_path / "out").removed == ()
    assert outside.exists()
    assert link.is_symlink()
    assert (tmp_path / "out" / "persistentvolume-pv2.yaml").read_text() == "# now mine\n"


@pytest.mark.parametrize("name", ["kustomization.yaml", "persistentvolume-pv1.yaml"])
def test_a_file_of_others_is_not_replaced(tmp_path, name):
    """Where something else has the name, nothing at all is written."""
    (tmp_path / name).write_text("resources: []\n")
    with pytest.raises(InputError, match=f"{name}: is not a file that mountwright rendered"):
        write_folder([PV1, PV2], tmp_path)
    assert names(tmp_path) == [name]
    assert (tmp_path / name).read_text() == "resources: []\n"


def test_a_link_is_not_followed(tmp_path):
    """A link with the name of a file of ours could lead anywhere: it is refused."""
    target = tmp_path / "target"
    target.write_text(PV1.text)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "persistentvolume-pv1.yaml").symlink_to(target)
    with pytest.raises(InputError, match="is not a file that mountwright rendered"):
        write_folder([PV1], tmp_path / "out")


def test_a_file_where_the_folder_should_be(tmp_path):
    """It is an error in words."""
    (tmp_path / "out").write_text("")
    with pytest.raises(InputError, match="is no folder"):
        write_folder([PV1], tmp_path / "out")
    with pytest.raises(InputError, match="can't be written: Not a directory"):
        write_folder([PV1], tmp_path / "out" / "below")


def test_no_two_objects_have_one_file():
    """A namespace has no dots, so the first dot ends it."""
    assert file_name(manifest("Secret", "b.c", "a")) == "secret-a.b.c.yaml"
    assert file_name(manifest("Secret", "c", "a-b")) != file_name(manifest("Secret", "b-c", "a"))


def test_a_long_name_is_shortened(tmp_path):
    """Kubernetes takes longer names than file systems do; the files stay apart."""
    long = [manifest("PersistentVolume", "a" * 252 + last) for last in "xy"]
    written = write_folder(long, tmp_path)
    assert len(set(written.files)) == 2
    assert max(map(len, written.files)) == 255


def test_an_object_twice_is_an_error(tmp_path):
    """A template of the operator's own that gives every object one name is found out."""
    with pytest.raises(InputError, match=r"PersistentVolume/pv1 is rendered twice"):
        write_folder([PV1, PV1], tmp_path)
    assert names(tmp_path) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "a/b", ".hidden/x"])
def test_a_name_that_no_file_has_is_refused(tmp_path, name):
    """Nothing is written outside of the folder, whatever a template gives."""
    with pytest.raises(InputError, match="no kind and name that a file could have"):
        write_folder([manifest("PersistentVolume", name)], tmp_path)
