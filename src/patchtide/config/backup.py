"""Backups as they are written."""

from datetime import timedelta
from typing import Self

from pydantic import model_validator

from patchtide.config.maintenance import Deed, is_tasks
from patchtide.config.scalars import Names, Period, spelled, wrong
from patchtide.config.section import Section


class Backup(Section):
    """Only after a good backup: hosts without one stay untouched. It is made outside the window, while staging."""

    run: Deed | None = None
    """Makes a backup: a command on the host, or a file of Ansible tasks; left out where something else makes it."""
    verify: Deed
    """Finds it good, or fails: a command on the host, or a file of tasks."""
    max_age: Period = timedelta(days=1)
    """How old it may be when the host's turn comes; an older one is made and verified again."""
    timeout: Period = timedelta(hours=1)
    """How long each of the two may take."""
    tiers: Names = ()
    """The tiers whose hosts are backed up; all when left out."""

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if self.run is not None and is_tasks(self.run) != is_tasks(self.verify):
            raise wrong("is a command beside a file of tasks", "Write both as one or as the other.", ("verify",))
        if self.max_age < 2 * self.timeout:
            message = (
                f"is {spelled(self.max_age)}, but two backups may take longer: `timeout` is {spelled(self.timeout)}"
            )
            raise wrong(message, "Shorten `timeout`.", ("max_age",))
        return self
