"""The hosts of a run: a mapping that never changes, is cheap to carry on, and knows at once which of them are what.

A large run is folded from hundreds of thousands of events, and `decide` asks after each step: neither may look at every
host each time. States are kept in blocks, so that a host that changes costs a block and not the fleet; each block
counts its hosts by trait, so that a question passes by the blocks that have none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import add, attrgetter, sub

from patchtide.core.hoststate import HostState

_BLOCK = 128
"""Hosts in a block: of some ten thousand hosts, copying a block costs about what copying the list of blocks does."""


class Trait(StrEnum):
    """What hosts are counted by: each is the name of a property of `HostState` that is true or false."""

    UNSETTLED = "unsettled"
    WORKED_ON = "worked_on"
    OPENED = "opened"
    UNCLEAR = "is_unclear"
    SKIPPED = "has_skipped"
    FAILED = "failed"
    UNBEGUN = "unbegun"
    IDLE = "idle"
    TO_STAGE = "to_stage"
    IN_DOUBT = "in_doubt"
    LOST = "lost"
    UNTOLD = "untold"
    PATCHED = "patched"


_TRAITS: Callable[[HostState], tuple[bool, ...]] = attrgetter(*Trait)
_COLUMN = {trait: column for column, trait in enumerate(Trait)}


@dataclass(frozen=True, slots=True)
class _Block:
    """Some hosts of one tier that stand side by side, and how many of them have each trait."""

    tier: str
    hosts: tuple[HostState, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Hosts(Mapping[str, HostState]):
    """The states of all hosts, in the order of tiers and waves."""

    _places: Mapping[str, tuple[int, int]]
    _blocks: tuple[_Block, ...]

    def __getitem__(self, name: str) -> HostState:
        """Return the state of a host."""
        block, place = self._places[name]
        return self._blocks[block].hosts[place]

    def __iter__(self) -> Iterator[str]:
        """Yield the names, in order."""
        return iter(self._places)

    def __len__(self) -> int:
        """Return how many hosts there are."""
        return len(self._places)

    def having(self, trait: Trait, tier: str | None = None) -> Iterator[HostState]:
        """Yield the hosts, of one tier or of all, that have a trait, in order."""
        column, has = _COLUMN[trait], attrgetter(trait)
        for block in self._blocks:
            if block.counts[column] and (tier is None or block.tier == tier):
                yield from filter(has, block.hosts)

    def count(self, trait: Trait, tier: str | None = None) -> int:
        """Return how many hosts, of one tier or of all, have a trait."""
        column = _COLUMN[trait]
        return sum(block.counts[column] for block in self._blocks if tier is None or block.tier == tier)

    def within(self, tier: str) -> tuple[HostState, ...]:
        """Return all hosts of a tier, in order."""
        return tuple(host for block in self._blocks if block.tier == tier for host in block.hosts)

    def __or__(self, states: Mapping[str, HostState]) -> "Hosts":
        """Return the hosts with new states of some of them."""
        return self.updated(states.values())

    def updated(self, states: Iterable[HostState]) -> "Hosts":
        """Return the hosts with new states of some of them."""
        blocks, placed = list(self._blocks), dict[int, dict[int, HostState]]()
        for state in states:
            block, place = self._places[state.name]
            placed.setdefault(block, {})[place] = state
        for block, some in placed.items():
            blocks[block] = _carried_on(blocks[block], some)
        return Hosts(self._places, tuple(blocks))


def hosts_of(states: Iterable[HostState]) -> Hosts:
    """Return these hosts, in this order; those of a tier have to stand together."""
    blocks: list[_Block] = []
    for tier, some in groupby(states, key=lambda state: state.tier):
        members = tuple(some)
        parts = (members[start : start + _BLOCK] for start in range(0, len(members), _BLOCK))
        blocks += [_Block(tier, part, tuple(map(sum, zip(*map(_TRAITS, part), strict=True)))) for part in parts]
    places = {host.name: (number, place) for number, b in enumerate(blocks) for place, host in enumerate(b.hosts)}
    return Hosts(places, tuple(blocks))


def _carried_on(block: _Block, states: Mapping[int, HostState]) -> _Block:
    hosts, counts = list(block.hosts), block.counts
    for place, state in states.items():
        before, after = _TRAITS(hosts[place]), _TRAITS(state)
        if before != after:
            counts = tuple(map(add, counts, map(sub, after, before)))
        hosts[place] = state
    return _Block(block.tier, tuple(hosts), counts)
