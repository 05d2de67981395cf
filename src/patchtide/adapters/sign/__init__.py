"""Ed25519 signatures (RFC 8032): keys in files of their owner, public keys as one line of text."""

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from patchtide.adapters.sign.files import made, private_bytes, short_text
from patchtide.core.errors import UsageError
from patchtide.core.signature import Signature

_KIND = "patchtide-ed25519"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}", re.ASCII)
_RAW_LENGTH = 32
_NEW = "Make a pair with `patchtide key new FILE`."


def new_key(path: Path) -> str:
    """Make a key pair, and return the public one's line: `path` gets the private key, `.pub` beside it the public one.

    Raises UsageError when one of the files is there already or cannot be written, or the file's name cannot be a key's.
    """
    if not _NAME.fullmatch(path.name):
        hint = "Name a file of letters, digits and . _ @ + - that begins with a letter or a digit."
        raise UsageError("the key is named like its file, and this is no name for a key", where=str(path), hint=hint)
    key = Ed25519PrivateKey.generate()
    line = _line(key.public_key(), path.name)
    made(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    try:
        made(public_file(path), f"{line}\n".encode(), 0o644)
    except UsageError:
        path.unlink()  # half a pair is of no use, and would be in the way of the next try
        raise
    return line


def public_file(path: Path) -> Path:
    """Return where the public half of a private key's file is."""
    return path.with_name(f"{path.name}.pub")


def public_text(path: Path) -> str:
    """Return the public key's line of a private or a public key's file; raises UsageError."""
    if path.suffix == ".pub":
        name, key = _public(path)
        return _line(key, name)
    return _line(_private(path).public_key(), path.name)


def signed(private: Path, data: bytes) -> Signature:
    """Return the signature of some bytes by a private key; raises UsageError when it is none, or others read it."""
    key = _private(private)
    return Signature(_text(key.public_key()), b64encode(key.sign(data)).decode())


def verified(trusted: Sequence[Path], data: bytes, signatures: Sequence[Signature]) -> str | None:
    """Return the name of the first trusted public key that signed these bytes, or None.

    Raises UsageError when any of the files is no public key: a mistake there must not look like a wrong signature.
    """
    keys = [_public(path) for path in trusted]
    return next((name for name, key in keys for one in signatures if _fits(key, data, one)), None)


def genuine(data: bytes, signatures: Sequence[Signature]) -> bool:
    """Tell whether each signature was made with the key that it names, whoever has that one."""
    return all((key := _raw(one.key)) is not None and _fits(key, data, one) for one in signatures)


def _raw(text: str) -> Ed25519PublicKey | None:
    try:
        return Ed25519PublicKey.from_public_bytes(b64decode(text, validate=True))
    except (NotBase64, ValueError):
        return None


def _fits(key: Ed25519PublicKey, data: bytes, signature: Signature) -> bool:
    if signature.key != _text(key):
        return False
    try:
        key.verify(b64decode(signature.value, validate=True), data)
    except (InvalidSignature, NotBase64, ValueError):
        return False
    return True


def _private(path: Path) -> Ed25519PrivateKey:
    data = private_bytes(path)
    try:
        key = load_pem_private_key(data, password=None)
    except TypeError:
        hint = "Patchtide asks for no passwords: keep an unencrypted key where only its owner reads it. " + _NEW
        raise UsageError("the private key is encrypted", where=str(path), hint=hint) from None
    except (ValueError, UnsupportedAlgorithm):
        raise UsageError("this is no private key in PEM", where=str(path), hint=_NEW) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise UsageError("this is a private key of another kind than Ed25519", where=str(path), hint=_NEW)
    return key


def _public(path: Path) -> tuple[str, Ed25519PublicKey]:
    """Return name and key of a public key's file."""
    text = short_text(path)
    if "PRIVATE KEY" in text:
        raise UsageError("this is a private key; named has to be the public one", where=str(path), hint=_PUB)
    words = text.split()
    if len(words) != len(_FORM.split()) or words[0] != _KIND or not _NAME.fullmatch(words[2]):
        raise UsageError(f"this is no public key: it is not one line `{_FORM}`", where=str(path), hint=_PUB)
    key = _raw(words[1])
    if key is None:
        hint = "Copy it again from who gave it to you; " + _PUB
        raise UsageError(
            f"this is no public key: not {_RAW_LENGTH} bytes in Base64", where=str(path), hint=hint
        ) from None
    return words[2], key


_FORM = f"{_KIND} BASE64 NAME"
_PUB = "`patchtide key show FILE` prints the public key of a private one."


def _line(key: Ed25519PublicKey, name: str) -> str:
    return f"{_KIND} {_text(key)} {name}"


def _text(key: Ed25519PublicKey) -> str:
    return b64encode(key.public_bytes_raw()).decode()
