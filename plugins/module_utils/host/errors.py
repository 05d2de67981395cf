"""What the host program says when it refuses or cannot go on."""

from __future__ import annotations

from typing import Sequence


class HostError(Exception):
    """A refusal or a fault as one sentence, with a hint about what to do."""

    def __init__(self, reason: str, hint: str = "", code: str = "failed") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint
        self.code = code

    def sentence(self) -> str:
        """Reason and hint in one line."""
        return f"{self.reason} ({self.hint})" if self.hint else self.reason


def summed_up(sentences: Sequence[str], most: int = 6) -> str:
    """The sentences in one line, the rest of many only counted."""
    rest = len(sentences) - most
    return "; ".join(sentences[:most]) + (f"; and {rest} more" if rest > 0 else "")
