"""Names in a sentence."""

from collections.abc import Iterable


def listed(names: Iterable[str], most: int = 8) -> str:
    """Return names with commas, the rest of a long list as a number."""
    known = list(names)
    if len(known) <= most:
        return ", ".join(known)
    return f"{', '.join(known[: most - 1])} and {len(known) - most + 1} more"
