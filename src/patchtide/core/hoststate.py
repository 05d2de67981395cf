"""Where one host of a run stands, as its events tell it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from patchtide.core.around import Opened
from patchtide.core.events import Installed
from patchtide.core.steps import EndState, Step

_BEFORE = frozenset({Step.STAGE, Step.ENTER})
DOING = {
    Step.PROBE: "probing",
    Step.STAGE: "staging",
    Step.ENTER: "entering",
    Step.PATCH: "patching",
    Step.REBOOT: "rebooting",
    Step.VERIFY: "verifying",
    Step.LEAVE: "leaving",
    Step.ROLLBACK: "rolling back",
}
"""What is being done to a host, in words."""


@dataclass(frozen=True, slots=True)
class HostState:
    """Where one host stands.

    `next` is the step that comes next (None: at rest), `fate` the end state that it is heading for once maintenance
    mode is left, `end` the one that it has. `started` is a step that began and was not answered: when nobody works on
    it any more, the host is in doubt. `reattach`: the host's own journal knows that step, so it is taken up again
    and not begun anew. `entered`: maintenance mode may be on. `changed`: the update may have been begun. `unheard`: how
    often in a row a step that may change the host was not answered. `told`: what it was put back from is in quarantine.
    `reverted`: nobody confirmed it in time, and it restored itself. `unmeasured`: how often in a row health was not
    measured. `unclear`: checks that a person decides about; `skipped`: those that cannot be made. `open`: what was
    entered around it and is not left. `backed_up`: when its backup was last found good; `backups`: how often.
    `left`: it left maintenance mode together with its verification.
    `pointless`: the plan refuses it, or has nothing for it; `wave` is its place among the waves of its tier, from 0.
    """

    name: str
    tier: str
    next: Step | None = Step.STAGE
    fate: EndState | None = None
    end: EndState | None = None
    reason: str = ""
    failed: bool = False
    started: Step | None = None
    reattach: bool = False
    lost_since: datetime | None = None
    lost_why: str = ""
    last_try: datetime | None = None
    tries: int = 0
    unheard: int = 0
    installed: tuple[Installed, ...] = ()
    entered: bool = False
    changed: bool = False
    reboot_owed: bool = False
    reboot_why: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    rolled_back: bool = False
    reverted: bool = False
    verified_at: datetime | None = None
    left_at: datetime | None = None
    leave_failures: int = 0
    health: str = ""
    told: bool = False
    unmeasured: int = 0
    unclear: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    baseline: tuple[Mapping[str, object], ...] = ()
    open: Opened = ()
    backed_up: datetime | None = None
    backups: int = 0
    left: bool = False
    pointless: bool = False
    wave: int = 0

    @property
    def at_rest(self) -> bool:
        """Whether nothing more is to be done on the host as things stand."""
        return self.end is not None and self.next is None and self.started is None

    @property
    def settled(self) -> bool:
        """Whether nothing more is to be done on the host or around it as things stand."""
        return self.at_rest and not self.open

    @property
    def left_alone(self) -> bool:
        """Whether nobody works on the host: what was done around it for that can be undone."""
        return self.at_rest or (self.next is Step.ENTER and self.started is None and not self.entered)

    @property
    def unbegun(self) -> bool:
        """Whether nothing has begun on the host that would have to be brought to an end."""
        return self.next in _BEFORE and self.started is None and not self.entered

    @property
    def unsettled(self) -> bool:
        """Whether anything is left to be done on the host or around it."""
        return not self.settled

    @property
    def worked_on(self) -> bool:
        """Whether it is in maintenance mode, and in the middle of things."""
        return self.entered and not self.at_rest

    @property
    def opened(self) -> bool:
        """Whether something was entered around it that can be left."""
        return bool(self.open) and self.left_alone

    @property
    def is_unclear(self) -> bool:
        """Whether a person has to decide about its health."""
        return bool(self.unclear)

    @property
    def has_skipped(self) -> bool:
        """Whether a check of it could not be made."""
        return bool(self.skipped)

    @property
    def idle(self) -> bool:
        """Whether the plan gives it nothing, and nothing was done to it yet."""
        return self.pointless and self.next is Step.STAGE and self.tries == 0

    @property
    def to_stage(self) -> bool:
        """Whether its files are to be fetched next."""
        return self.next is Step.STAGE and self.started is None

    @property
    def in_doubt(self) -> bool:
        """Whether a step began on it and was not answered."""
        return self.started is not None

    @property
    def lost(self) -> bool:
        """Whether it does not answer, and is waited for."""
        return self.lost_since is not None and not self.at_rest

    @property
    def untold(self) -> bool:
        """Whether it was put back from something that is not in quarantine yet."""
        return self.rolled_back and self.changed and not self.told

    @property
    def patched(self) -> bool:
        """Whether it has its update and kept it."""
        return self.end is EndState.PATCHED

    @property
    def word(self) -> str:
        """Where it stands in one word: its end state, the step it is in, or `waiting`."""
        if self.end is not None and self.next is None:
            return str(self.end)
        if self.lost_since is not None:
            return "lost"
        if self.started is not None:
            return DOING[self.started]
        return "waiting" if self.next in _BEFORE else "between steps"
