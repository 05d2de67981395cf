"""What a word that nobody knows was probably meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches

_MOST = 20
"""How many names are worth reading as a hint."""


def meant(word: str, known: Iterable[str]) -> str:
    """Return the hint for a word that is not known: the one that was probably meant, or all there are when few."""
    names = sorted(known)
    return nearest(word, names) or (f"Known: {', '.join(names)}." if names and len(names) <= _MOST else "")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the hint with the word that was probably meant, or nothing when none is near."""
    folded = {name.casefold(): name for name in known}
    close = get_close_matches(word.casefold(), folded, n=1)
    return f"Did you mean {folded[close[0]]!r}?" if close else ""
