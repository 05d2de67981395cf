"""Who vouches for a document: a public key, and what only the owner of its private half could have written."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signature:
    """One Ed25519 signature: `key` is the public key, `value` what was made with the private one; both Base64."""

    key: str
    value: str
