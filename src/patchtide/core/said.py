"""What people say to a run. Each is an event in its log; what counts of it is decided anew whenever it matters.

`digest` names the plan that was spoken of, so that a word never counts for another one. `signature` is made with the
speaker's own key over all the rest; without one it is the system user who spoke. `doubt` is never what the log says:
it is found out each time the log is read, and a word with a doubt does not count.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, TypeAlias, assert_never

from patchtide.core.signature import Signature


@dataclass(frozen=True, slots=True)
class Approved:
    """A person agrees to exactly this plan, for the opening that comes next."""

    at: datetime
    by: str
    digest: str
    comment: str = ""
    signature: Signature | None = None
    doubt: str = ""
    kind: Literal["approved"] = "approved"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A person who is asked says no: nothing new begins in their tiers until they approve."""

    at: datetime
    by: str
    digest: str
    reason: str
    signature: Signature | None = None
    doubt: str = ""
    kind: Literal["rejected"] = "rejected"


@dataclass(frozen=True, slots=True)
class Waived:
    """A person lets the run go on without one named thing that a gate asks for."""

    at: datetime
    by: str
    digest: str
    item: str
    reason: str
    signature: Signature | None = None
    doubt: str = ""
    kind: Literal["waived"] = "waived"


Vote: TypeAlias = Approved | Rejected
Word: TypeAlias = Approved | Rejected | Waived
"""What a person says that a gate relies on: whoever has a key has to sign it."""

WORDS = (Approved, Rejected, Waived)
SYSTEM_USER = "system user"


def known_by(word: Word) -> str:
    """Return how it is known who said something."""
    return f"key {word.signature.key[:12]}…" if word.signature else SYSTEM_USER


@dataclass(frozen=True, slots=True)
class Said:
    """Everything that people said to a run about letting it go on, in order."""

    votes: tuple[Vote, ...] = ()
    waivers: tuple[Waived, ...] = ()


def heard(said: Said, word: Word) -> Said:
    """Return what was said, with one more word."""
    match word:
        case Approved() | Rejected():
            return replace(said, votes=(*said.votes, word))
        case Waived():
            return replace(said, waivers=(*said.waivers, word))
        case _:
            assert_never(word)
