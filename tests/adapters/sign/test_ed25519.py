"""Signatures: only the owner's, only under exactly these bytes; and files that are no keys are told apart."""

import os
import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from patchtide.adapters.sign import new_key, public_file, public_text, signed, verified
from patchtide.core.errors import UsageError
from patchtide.core.signature import Signature

DATA = b"sha256:0123"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "ops"
    new_key(path)
    return path


def test_what_was_signed_is_verified_by_the_public_key_alone(key: Path) -> None:
    signature = signed(key, DATA)
    key.unlink()
    assert verified([public_file(key)], DATA, [signature]) == "ops"


@pytest.mark.parametrize("other", [b"", DATA[:-1], DATA + b"\n", b"sha256:0124"])
def test_other_bytes_are_not_verified(key: Path, other: bytes) -> None:
    assert verified([public_file(key)], other, [signed(key, DATA)]) is None


def test_another_key_is_not_trusted_whatever_it_claims(key: Path, tmp_path: Path) -> None:
    new_key(tmp_path / "other")
    theirs, ours = signed(tmp_path / "other", DATA), signed(key, DATA)
    assert verified([public_file(key)], DATA, [theirs]) is None
    assert verified([public_file(key)], DATA, [Signature(ours.key, theirs.value)]) is None
    assert verified([public_file(key)], DATA, [theirs, ours]) == "ops"
    assert verified([public_file(tmp_path / "other"), public_file(key)], DATA, [ours]) == "ops"


def test_nobody_trusted_or_nothing_signed_is_no(key: Path) -> None:
    assert verified([], DATA, [signed(key, DATA)]) is None
    assert verified([public_file(key)], DATA, []) is None


@pytest.mark.parametrize("value", ["", "no base64!", b64encode(b"short").decode(), b64encode(bytes(64)).decode(), "ä"])
def test_rubbish_is_no_signature(key: Path, value: str) -> None:
    assert verified([public_file(key)], DATA, [Signature(signed(key, DATA).key, value)]) is None


def test_the_private_key_is_its_owners_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        line = new_key(tmp_path / "ops")
    finally:
        os.umask(before)
    assert (tmp_path / "ops").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "ops.pub").read_text("ascii") == line + "\n"
    assert line.split()[0::2] == ["patchtide-ed25519", "ops"]


@pytest.mark.parametrize("there", ["ops", "ops.pub"])
def test_nothing_is_overwritten_and_nothing_half_is_left(tmp_path: Path, there: str) -> None:
    (tmp_path / there).write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="already") as refused:
        new_key(tmp_path / "ops")
    assert refused.value.where == str(tmp_path / there)
    assert [path.name for path in tmp_path.iterdir()] == [there]
    assert (tmp_path / there).read_text("utf-8") == "mine"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "ops").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="already"):
        new_key(tmp_path / "ops")
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["two words", "-rf", "ä", "a\nb"])
def test_a_name_that_cannot_be_shown_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no name for a key"):
        new_key(tmp_path / name)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_private_key_that_others_can_read_is_refused(key: Path, mode: int) -> None:
    key.chmod(mode)
    with pytest.raises(UsageError, match=f"others can read this private key .mode {mode:04o}.") as refused:
        signed(key, DATA)
    assert "chmod 600" in refused.value.hint


def pem(key: Ed25519PrivateKey | None = None, lock: KeySerializationEncryption | None = None) -> bytes:
    made = key or generate_private_key(SECP256R1())
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock or NoEncryption())


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: b"", "no private key"),
        (lambda: b"\x00\xff" * 99, "no private key"),
        (lambda: pem(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"x")), "encrypted"),
        (pem, "another kind"),
        (lambda: pem(Ed25519PrivateKey.generate())[:-40], "no private key"),
    ],
)
def test_a_file_that_is_no_private_key_is_told(tmp_path: Path, data: Callable[[], bytes], said: str) -> None:
    path = tmp_path / "ops"
    path.write_bytes(data())
    path.chmod(0o600)
    with pytest.raises(UsageError, match=said) as refused:
        signed(path, DATA)
    assert refused.value.where == str(path)
    assert refused.value.hint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "patchtide-ed25519 AAAA ops\n",
        "patchtide-ed25519 !!!! ops\n",
        "ssh-ed25519 " + "A" * 43 + "= ops\n",
        "patchtide-ed25519 " + "A" * 43 + "= ops more\n",
        "patchtide-ed25519 " + "A" * 43 + "= \x1b[1m\n",
        "patchtide-ed25519 ä ops\n",
    ],
)
def test_a_trusted_file_that_is_no_public_key_stops_everything(key: Path, tmp_path: Path, text: str) -> None:
    wrong = tmp_path / "wrong.pub"
    wrong.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="no public key") as refused:
        verified([public_file(key), wrong], DATA, [signed(key, DATA)])
    assert refused.value.where == str(wrong)


def test_trust_in_a_private_key_is_a_mistake(key: Path) -> None:
    with pytest.raises(UsageError, match="private key; named has to be the public one"):
        verified([key], DATA, [])


@pytest.mark.parametrize("call", [lambda path: signed(path, DATA), lambda path: verified([path], DATA, [])])
def test_a_file_that_is_not_there_is_told(tmp_path: Path, call: Callable[[Path], object]) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        call(tmp_path / "gone")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        call(tmp_path)


def test_the_public_line_comes_from_either_file(key: Path) -> None:
    line = public_file(key).read_text("ascii").strip()
    assert public_text(key) == public_text(public_file(key)) == line


@pytest.mark.skipif(not shutil.which("openssl"), reason="there is no openssl program to ask")
def test_another_program_finds_the_signature_good(key: Path, tmp_path: Path) -> None:
    """OpenSSL reads the key and agrees."""
    (tmp_path / "data").write_bytes(DATA)
    (tmp_path / "signature").write_bytes(b64decode(signed(key, DATA).value))
    command = ["openssl", "pkeyutl", "-verify", "-inkey", str(key), "-rawin", "-in", "data", "-sigfile", "signature"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout, done.stderr
