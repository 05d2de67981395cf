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


@dataclass(frozen=True, slots=True)
class Ticked:
    """A person has done, or seen to, one manual item of a checklist."""

    at: datetime
    by: str
    digest: str
    item: str
    comment: str = ""
    signature: Signature | None = None
    doubt: str = ""
    kind: Literal["ticked"] = "ticked"


@dataclass(frozen=True, slots=True)
class EmergencyDeclared:
    """A person lets a run go on outside its windows until an instant, because it cannot wait."""

    at: datetime
    by: str
    digest: str
    reason: str
    until: datetime
    signature: Signature | None = None
    doubt: str = ""
    kind: Literal["emergency_declared"] = "emergency_declared"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A person has looked at an emergency afterwards, and says what is to be learnt of it."""

    at: datetime
    by: str
    digest: str
    text: str
    signature: Signature | None = None
    doubt: str = ""
    kind: Literal["reviewed"] = "reviewed"


@dataclass(frozen=True, slots=True)
class ChangeRequested:
    """A person asks for a change: what, why, and what may go wrong, for those who are to agree to it.

    `impact` is low, medium, high or critical, `likelihood` (of harm) low, medium or high.
    """

    at: datetime
    by: str
    digest: str
    id: str
    what: str
    reason: str
    impact: str
    likelihood: str
    risk: str
    dependencies: str
    rollback_plan: str
    testing_plan: str
    schedule: str
    contact: str
    signature: Signature | None = None
    doubt: str = ""
    kind: Literal["change_requested"] = "change_requested"


Vote: TypeAlias = Approved | Rejected
Word: TypeAlias = Approved | Rejected | Waived | Ticked | EmergencyDeclared | Reviewed | ChangeRequested
"""What a person says that a gate relies on: whoever has a key has to sign it."""

WORDS = (Approved, Rejected, Waived, Ticked, EmergencyDeclared, Reviewed, ChangeRequested)
SYSTEM_USER = "system user"


def known_by(word: Word) -> str:
    """Return how it is known who said something."""
    return f"key {word.signature.key[:12]}…" if word.signature else SYSTEM_USER


@dataclass(frozen=True, slots=True)
class Said:
    """Everything that people said to a run about letting it go on, in order."""

    votes: tuple[Vote, ...] = ()
    waivers: tuple[Waived, ...] = ()
    ticks: tuple[Ticked, ...] = ()
    emergency: EmergencyDeclared | None = None
    reviews: tuple[Reviewed, ...] = ()
    requests: tuple[ChangeRequested, ...] = ()


def words(said: Said) -> tuple[Word, ...]:
    """Return all of it, word by word."""
    urgent = (said.emergency,) if said.emergency else ()
    return (*said.votes, *said.waivers, *said.ticks, *urgent, *said.reviews, *said.requests)


def heard(said: Said, word: Word) -> Said:
    """Return what was said, with one more word."""
    match word:
        case Approved() | Rejected():
            return replace(said, votes=(*said.votes, word))
        case Waived():
            return replace(said, waivers=(*said.waivers, word))
        case Ticked():
            return replace(said, ticks=(*said.ticks, word))
        case EmergencyDeclared():
            return said if said.emergency and word.doubt else replace(said, emergency=word)
        case Reviewed():
            return replace(said, reviews=(*said.reviews, word))
        case ChangeRequested():
            return replace(said, requests=(*said.requests, word))
        case _:
            assert_never(word)
