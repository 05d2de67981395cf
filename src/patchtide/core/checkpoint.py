"""A checkpoint: what the log held at one instant, kept elsewhere by somebody who wants to notice when it is changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from patchtide.core.plan import placed
from patchtide.core.signature import Signature

SCHEMA = "patchtide/checkpoint/v1"


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream of the log stood: how many events it had, and the hash of its last."""

    events: int
    hash: str


@dataclass(frozen=True, slots=True)
class Altered:
    """One finding: what is not as it was written, in which stream and at which event (0: all of the stream)."""

    stream: str
    event: int
    problem: str


@dataclass(frozen=True, slots=True)
class Record:
    """What a log says of itself: `whole` is a hash over all events in the order in which they were written."""

    events: int
    whole: str
    streams: Mapping[str, Head]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A record with its date (UTC) and author; `digest` is over all of it but the signatures, which are made of it."""

    schema: str
    at: datetime
    by: str
    record: Record
    digest: str = ""
    signatures: tuple[Signature, ...] = ()


def misfit(checkpoint: Checkpoint) -> str | None:
    """Say what in a checkpoint does not fit together, or None."""
    record = checkpoint.record
    if not placed(checkpoint.at):
        return "its date is none that a clock shows, or has no time zone"
    if any(head.events < 1 for head in record.streams.values()):
        return "a stream has no events"
    if sum(head.events for head in record.streams.values()) != record.events:
        return "its streams have not as many events as it says"
    return None


def missed(checkpoint: Record, now: Record, then: Mapping[str, str], whole: str) -> Iterable[Altered]:
    """Yield what of a checkpoint a log does not hold any more, the streams that were cut off first.

    `then` has the hash that each stream has now at the event at which it stood then, `whole` is the hash over as many
    events as there were.
    """
    found = [one for stream, head in checkpoint.streams.items() if (one := _missed(stream, head, now, then))]
    if not found and whole != checkpoint.whole:
        found = [Altered("", 0, "the events stand in another order than at the checkpoint, or others among them")]
    return found


def _missed(stream: str, head: Head, now: Record, then: Mapping[str, str]) -> Altered | None:
    there = now.streams.get(stream)
    if there is None:
        return Altered(stream, 0, f"all of it is gone; at the checkpoint it had {head.events} events")
    if there.events < head.events:
        lost = head.events - there.events
        return Altered(stream, there.events + 1, f"its end was cut off: {lost} of {head.events} events are gone")
    if then.get(stream) != head.hash:
        return Altered(stream, head.events, "it is not the history that the checkpoint has seen: written anew")
    return None
