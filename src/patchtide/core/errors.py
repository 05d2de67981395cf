"""What can go wrong, as sentences: what, where, why, and what to do next."""


class PatchtideError(Exception):
    """A failure that a user can act on; `where` is a file with a line, `hint` is the next step."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "", where: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where


class UsageError(PatchtideError):
    """A command, a configuration, an inventory or a plan that cannot be used as it is."""

    exit_code = 2


class UnreachableError(PatchtideError):
    """Hosts that had to answer did not."""

    exit_code = 4


class LockedError(PatchtideError):
    """Another process, or another unfinished run, holds what this one needs."""

    exit_code = 7
