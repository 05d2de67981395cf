"""Steps on hosts by Ansible, with every way in which it is known to mislead closed off."""

from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path

from patchtide.adapters.ansible import orphans
from patchtide.adapters.ansible.environment import RUN
from patchtide.adapters.ansible.inventory import hosts_of, refuse_unsound
from patchtide.adapters.ansible.judgement import is_last, judgement
from patchtide.adapters.ansible.play import Over, playing
from patchtide.adapters.ansible.sources import state_of
from patchtide.adapters.ansible.workplace import cleared, refuse_odd_path, sockets_of, workplace
from patchtide.core.fleet import Host
from patchtide.ports import Deed, Report


class AnsibleExecutor:
    """Does steps with the playbooks under `content`; `scratch` holds each attempt's files while it lasts.

    Ansible runs in `home`, the project's directory, so that an ansible.cfg there and relative paths in the inventory
    mean what they mean to a person who calls Ansible there.
    """

    def __init__(self, content: Path, scratch: Path, forks: int, home: Path = Path("/")) -> None:
        self._content = content.absolute()
        self._scratch = scratch.absolute()
        self._forks = forks
        self._home = home.absolute()
        self._sound: set[tuple[Hashable, str]] = set()

    def hosts(self, inventory: Sequence[str], pattern: str) -> tuple[Host, ...]:
        """Return the hosts that a pattern selects, in inventory order; raises UsageError for what cannot be trusted."""
        state = state_of(inventory)
        found = hosts_of(inventory, pattern, self._home)
        self._sound |= {(state, host.name) for host in found}
        return found

    def perform(self, deed: Deed) -> Iterator[Report]:
        """Yield exactly one report per requested host: a failure at once, a success when the play is over.

        The play goes on after a host's failure, as it may have something to put right (`always`). Leaving the iteration
        early ends Ansible and all its children here; what they began on hosts goes on.
        """
        if not deed.requests:
            return
        refuse_odd_path(self._scratch)
        self._refuse_unsound(deed)
        known = judgement(deed.requests, silent=deed.is_users)
        with (
            workplace(deed, self._content, self._scratch) as place,
            playing(deed, place, deed.forks or self._forks, self._home) as play,
        ):
            for heard in play.heard():
                yield from known.given_up(heard.why) if isinstance(heard, Over) else known.heard(heard)
                if not isinstance(heard, Over) and is_last(heard):
                    return  # Ansible takes a quarter of a second to go, and has nothing more to do or to say

    def _refuse_unsound(self, deed: Deed) -> None:
        """An inventory that was edited since it was read may hold templates by now, which Ansible would execute."""
        state = state_of(deed.inventory)
        asked = {(state, host) for host in deed.requests}
        if state is None or asked - self._sound:
            refuse_unsound(deed.inventory, deed.requests, self._home)
            self._sound |= asked

    def fence(self, run_id: str) -> int:
        """End what an earlier controller of this run left running here; return how many processes that were."""
        count = orphans.ended(RUN, run_id, sockets_of(run_id))
        cleared(run_id, self._scratch)
        return count
