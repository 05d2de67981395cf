"""Histories of a release as files: written once when it is made, replayed by every release after it.

`python -m tests.histories` writes those of this release below tests/data/histories/; what is there already stays.
"""

import json
import sys
from pathlib import Path
from typing import Any

from patchtide import __version__
from patchtide.core.run import Run
from patchtide.documents import event_text, plain

FOLDER = Path(__file__).parent / "data" / "histories"
SEEDS = range(400)
WANTED = 12
"""Files: the shortest set of stories in which every kind of event, end state and outcome of the stories occurs."""


def ended(run: Run) -> dict[str, Any]:
    """What a history adds up to, as far as it may never be told otherwise."""
    return {
        "outcome": run.outcome and str(run.outcome),
        "reason": run.reason,
        "hosts": {name: [plain(host.end), host.reason] for name, host in run.hosts.items()},
        "quarantined": dict(run.quarantined),
    }


def main() -> int:
    """Write the histories of this release."""
    from tests.simulation.telling import told

    folder = FOLDER / __version__
    if folder.exists():
        sys.stderr.write(f"{folder} is there: a release's histories are written once\n")
        return 1
    folder.mkdir(parents=True)
    seen: set[str] = set()
    stories = sorted((told(seed) for seed in SEEDS), key=lambda story: len(story.events))
    for story in stories:
        words = {event.kind for event in story.events} | {str(story.run.outcome)}
        words |= {f"{event.step} {event.status}" for event in story.events if event.kind == "host_finished"}
        words |= {str(host.end) for host in story.run.hosts.values()}
        if words - seen and len(list(folder.iterdir())) < 2 * WANTED:
            seen |= words
            name = f"{len(list(folder.iterdir())) // 2:02}"
            lines = "".join(event_text(event) + "\n" for event in story.events)
            (folder / f"{name}.jsonl").write_text(lines, encoding="utf-8")
            (folder / f"{name}.json").write_text(json.dumps(ended(story.run), indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
