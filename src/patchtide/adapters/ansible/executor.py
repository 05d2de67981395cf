"""Steps on hosts by Ansible, with every way in which it is known to mislead closed off."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from patchtide.adapters.ansible import orphans
from patchtide.adapters.ansible.environment import RUN
from patchtide.adapters.ansible.inventory import hosts_of
from patchtide.adapters.ansible.judgement import judgement
from patchtide.adapters.ansible.play import Over, playing
from patchtide.adapters.ansible.workplace import cleared, refuse_template, sockets_of, workplace
from patchtide.core.fleet import Host
from patchtide.ports import Deed, Report


class AnsibleExecutor:
    """Does steps with the playbooks under `content`; `scratch` holds each attempt's files while it lasts."""

    def __init__(self, content: Path, scratch: Path, forks: int) -> None:
        self._content = content.absolute()
        self._scratch = scratch.absolute()
        self._forks = forks

    def hosts(self, inventory: Sequence[str], pattern: str) -> tuple[Host, ...]:
        """Return the hosts that a pattern selects, in inventory order; raises UsageError for what cannot be trusted."""
        return hosts_of(inventory, pattern)

    def perform(self, deed: Deed) -> Iterator[Report]:
        """Yield exactly one report per requested host: a failure at once, a success when the play is over.

        Leaving the iteration early ends Ansible and all its children here; what they began on hosts goes on.
        """
        if not deed.requests:
            return
        refuse_template(self._scratch)
        known = judgement(deed.requests)
        with workplace(deed, self._content, self._scratch) as place, playing(deed, place, self._forks) as play:
            for heard in play.heard():
                yield from known.given_up(heard.why) if isinstance(heard, Over) else known.heard(heard)
                if not known.waiting:
                    break

    def fence(self, run_id: str) -> int:
        """End what an earlier controller of this run left running here; return how many processes that were."""
        count = orphans.ended(RUN, run_id, sockets_of(run_id))
        cleared(run_id, self._scratch)
        return count
