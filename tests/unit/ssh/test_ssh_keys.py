"""Key files: which are encrypted, and how often somebody is asked."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from mountwright.secret import Secret
from mountwright.ssh.keys import KeyFileError, KeyFiles, WrongPassphraseError, is_encrypted, public_key

MAKERS = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa": lambda: ec.generate_private_key(ec.SECP256R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}
OPENSSH, PEM = PrivateFormat.OpenSSH, PrivateFormat.TraditionalOpenSSL


@pytest.fixture
def write(tmp_path):
    def write(kind="ed25519", form=OPENSSH, *, encrypted=False):
        key = MAKERS[kind]()
        lock = BestAvailableEncryption(b"word") if encrypted else NoEncryption()
        path = tmp_path / "key"
        path.write_bytes(key.private_bytes(Encoding.PEM, form, lock))
        public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        return str(path), public

    return write


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize(
    ("kind", "form"), [("ed25519", OPENSSH), ("ecdsa", OPENSSH), ("rsa", OPENSSH), ("rsa", PEM), ("ecdsa", PEM)]
)
def test_encryption_is_seen(write, kind, form, encrypted):
    """Without trying a passphrase."""
    path, _ = write(kind, form, encrypted=encrypted)
    assert is_encrypted(path) is encrypted


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_the_public_half_needs_no_passphrase(write, kind):
    """OpenSSH's format has it in the clear."""
    path, public = write(kind, encrypted=True)
    assert public_key(path) == public.split()[1]


def test_the_public_half_of_other_formats_is_beside_them(write, tmp_path):
    """``.pub``, or nowhere."""
    path, public = write("rsa", PEM, encrypted=True)
    assert public_key(path) == ""
    (tmp_path / "key.pub").write_text(f"{public} comment\n")
    assert public_key(path) == public.split()[1]


@pytest.mark.parametrize(
    "content", ["", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"]
)
def test_rubbish_has_no_public_half(tmp_path, content):
    """And makes no traceback."""
    (tmp_path / "key").write_text(content)
    assert (public_key(str(tmp_path / "key")), is_encrypted(str(tmp_path / "key"))) == ("", False)


def test_a_file_is_read_once_by_all_threads(write):
    """And the question is asked once, one at a time."""
    path, _ = write(encrypted=True)
    parsed, asked = [], []

    def parse(_path, passphrase):
        parsed.append(passphrase)
        threading.Event().wait(0.02)
        if passphrase != Secret("word"):
            raise WrongPassphraseError
        return "the key"

    answers = iter([Secret("slip"), Secret("word")])
    files = KeyFiles(parse, lambda prompt: asked.append(prompt) or next(answers))
    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(files.load, [path] * 32)) == {"the key"}
    assert asked == [f"passphrase for {path}: "] * 2
    assert len(parsed) == 2


def test_failures_are_remembered(write):
    """Three wrong answers are enough for all hosts."""
    path, _ = write(encrypted=True)
    asked = []

    def parse(_path, _passphrase):
        raise WrongPassphraseError

    files = KeyFiles(parse, lambda prompt: asked.append(prompt) or Secret("wrong"))
    for _ in range(2):
        with pytest.raises(KeyFileError, match="the passphrase was wrong 3 times"):
            files.load(path)
    assert len(asked) == 3


def test_a_missing_and_a_faulty_file(tmp_path):
    """Each names the file."""

    def parse(_path, _passphrase):
        raise ValueError("what is this")

    files = KeyFiles(parse, None)
    with pytest.raises(KeyFileError, match=r"gone: can't be read \(No such file"):
        files.load(str(tmp_path / "gone"))
    (tmp_path / "odd").write_text("odd")
    with pytest.raises(KeyFileError, match=r"odd: not a private key that can be used \(what is this\)"):
        files.load(str(tmp_path / "odd"))
