"""Who speaks, and how that is known: by a signature of their own key, or as the system user that they are."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from patchtide.core.brief import Brief
from patchtide.core.errors import UsageError
from patchtide.core.events import Event
from patchtide.core.run import Run
from patchtide.core.said import WORDS, Word, words
from patchtide.core.signature import Signature
from patchtide.documents import word_bytes
from patchtide.ports import Log

W = TypeVar("W", bound=Word)
Sign = Callable[[bytes], Signature]
Verify = Callable[[Sequence[Path], bytes, Sequence[Signature]], str | None]


@dataclass(frozen=True, slots=True)
class Speaker:
    """A person who says something; `sign` makes a signature with their key, None for who is only a system user."""

    name: str
    sign: Sign | None = None

    def says(self, run_id: str, word: W) -> W:
        """Return a word as it goes into the log of a run."""
        return replace(word, signature=self.sign(word_bytes(run_id, word))) if self.sign else word


@dataclass(frozen=True, slots=True)
class People:
    """Whose keys are whose (paths of public keys by name), and what tells a good signature."""

    keys: Mapping[str, tuple[str, ...]]
    verify: Verify

    def doubt(self, run_id: str, word: Word) -> str:
        """Return why a word does not count, or nothing: whoever has a key has to sign with it."""
        mine = [Path(path) for path in self.keys.get(word.by, ())]
        if word.signature is None:
            return f"{word.by} has a key, and this is not signed with it" if mine else ""
        if not mine:
            return f"it is signed, but no key of {word.by} is known here"
        try:
            name = self.verify(mine, word_bytes(run_id, word), (word.signature,))
        except UsageError as error:
            return f"the key of {word.by} cannot be used: {error.message} ({error.where})"
        return "" if name else f"the signature is not that of {word.by} under these words"

    def heard(self, run_id: str, event: Event) -> Event:
        """Return an event as it counts: what the log says of doubts is not asked."""
        return replace(event, doubt=self.doubt(run_id, event)) if isinstance(event, WORDS) else event


@dataclass(frozen=True, slots=True)
class VouchedStore:
    """A log whose words are looked at each time they are read: a row that somebody forged is heard, and doubted."""

    log: Log
    people: People

    def append(self, run_id: str, event: Event) -> int:
        """Add one event and return its sequence number within the run."""
        return self.log.append(run_id, event)

    def events(self, run_id: str, after: int = 0) -> Iterable[tuple[int, Event]]:
        """Return the run's events with a sequence number above `after`."""
        return ((seq, self.people.heard(run_id, event)) for seq, event in self.log.events(run_id, after))

    def runs(self) -> Sequence[str]:
        """Return the ids of all runs, oldest first."""
        return self.log.runs()

    def said(self, *kinds: str) -> Sequence[tuple[str, Event]]:
        """Return the events of these kinds from every stream, each with its stream, oldest first."""
        return tuple((stream, self.people.heard(stream, event)) for stream, event in self.log.said(*kinds))

    def recalled(self, run_id: str) -> Run | None:
        """Return what a run's first events added up to, if all that was said in them is heard as it was then."""
        run = self.log.recalled(run_id)
        as_then = run and all(self.people.doubt(run_id, word) == word.doubt for word in words(run.said))
        return run if as_then else None

    def briefs(self) -> Sequence[tuple[str, Brief | None]]:
        """Return all runs, oldest first, each in a line where all of its events are remembered."""
        return self.log.briefs()
