"""Who hears of what happens: nobody, or several; none of them can stop a run."""

from contextlib import suppress
from dataclasses import dataclass

from patchtide.core.events import Event
from patchtide.ports import Notifier


class Silent:
    """Tells nobody."""

    def tell(self, run_id: str, event: Event) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Several:
    """Tells each of its notifiers in turn; one that fails does not keep the news from the others, nor from the run."""

    notifiers: tuple[Notifier, ...]

    def tell(self, run_id: str, event: Event) -> None:
        """Pass the event on."""
        for notifier in self.notifiers:
            with suppress(Exception):  # a broken pipe or a dead mail server must not end a run
                notifier.tell(run_id, event)
