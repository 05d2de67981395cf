"""`make roundtrip`: every case on a host of its own, or those that are named; the last line adds them up."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.roundtrip.cases import CASES
from tests.roundtrip.fleet import rounds
from tests.roundtrip.rounds import summed

from patchtide import lab


def main(names: list[str]) -> int:
    """Return 0 when every host came back exactly as it was."""
    unknown = sorted(set(names) - {case.name for case in CASES})
    problem = f"there is no case {unknown[0]!r}" if unknown else lab.problem()
    if problem:
        told(problem)
        return 2
    wanted = [case for case in CASES if case.name in names or not names]
    for case in wanted:
        told(f"{case.name}: {case.what}")
    with TemporaryDirectory(prefix="patchtide-roundtrip-") as folder:
        results = rounds(wanted, Path(folder), told)
    told(summed(results))
    return 1 if any(result.differences for result in results) else 0


def told(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
