"""One playbook run by ansible-runner: events come out of a queue, however slow whoever reads them is."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, TypeAlias

from patchtide.adapters.ansible import orphans
from patchtide.adapters.ansible.environment import MARKER, for_play
from patchtide.adapters.ansible.workplace import Workplace
from patchtide.ports import Deed

_STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Over:
    """The run of Ansible has come to an end: `why` says how."""

    why: str


Heard: TypeAlias = Mapping[str, object] | Over


@dataclass(slots=True)
class Play:
    """A playbook that runs in a thread of its own."""

    deed: Deed
    place: Workplace
    forks: int
    home: Path
    queue: SimpleQueue[Heard] = field(default_factory=SimpleQueue)
    cancelled: Event = field(default_factory=Event)

    def heard(self) -> Iterator[Heard]:
        """Yield the events as they come, and at last an `Over`."""
        until = time.monotonic() + self.deed.timeout
        while True:
            try:
                item = self.queue.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                yield Over(f"no answer within {self.deed.timeout:.0f} s")
                return
            yield item
            if isinstance(item, Over):
                return

    def run(self) -> None:
        """Run the playbook to its end; whatever happens, the last thing in the queue is an `Over`."""
        why = "Ansible did not run"
        try:
            why = self._run()
        except BaseException as error:  # noqa: BLE001 - the runner raises what it likes, also after hosts were changed
            why = f"Ansible's runner failed: {type(error).__name__}: {error}"
        finally:
            self.queue.put(Over(why))

    def _run(self) -> str:
        import ansible_runner  # noqa: PLC0415 - costs 0.2 s, which only those pay who run something

        done = ansible_runner.run(**self._arguments())
        return f"Ansible ended ({done.status}, exit status {done.rc}) without a word about the host"

    def _arguments(self) -> dict[str, Any]:
        place, deed = self.place, self.deed
        return {
            "private_data_dir": str(place.private),
            "ident": "play",
            "playbook": deed.playbook if deed.is_users else str(place.collection / "playbooks" / f"{self.name}.yml"),
            "inventory": list(deed.inventory),
            "project_dir": str(self.home),
            "limit": f"@{place.limit}",
            "extravars": {"patchtide_requests": str(place.requests)},
            "envvars": dict(for_play(deed.run_id, place.mark, place.private, place.sockets, self.forks)),
            "forks": self.forks,
            "quiet": True,
            "suppress_env_files": True,
            "event_handler": self._noted,
            "cancel_callback": self.cancelled.is_set,
            "status_handler": self._begun,
        }

    @property
    def name(self) -> str:
        """The name of one of our own playbooks."""
        return self.deed.playbook or str(self.deed.step)

    def _begun(self, status: Mapping[str, object], **_: object) -> None:
        """Once Ansible is started, remove the runner's note of its whole environment, secrets and all."""
        if status.get("status") == "running":
            (self.place.private / "artifacts" / "play" / "command").unlink(missing_ok=True)

    def _noted(self, event: Mapping[str, object]) -> bool:
        """Pass an event on and keep no file of it: a handler that is slow or raises kills the run."""
        self.queue.put(event)
        return False


@contextmanager
def playing(deed: Deed, place: Workplace, forks: int, home: Path) -> Iterator[Play]:
    """Run a deed's playbook while the context lasts; when it is left early, Ansible and its children are ended."""
    play = Play(deed, place, forks, home)
    thread = Thread(target=play.run, name=f"ansible {deed.marker}", daemon=True)
    thread.start()
    try:
        yield play
    finally:
        play.cancelled.set()
        orphans.ended(MARKER, place.mark)
        thread.join(_STOP_SECONDS)
