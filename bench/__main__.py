"""`make bench`: the tools take turns on the same hosts; what comes out are ratios, not promises about seconds."""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import fleet as hosts
from bench.results import Round, chart, document, page
from bench.tools import TOOLS
from patchtide import lab

HERE = Path(__file__).parent


def main() -> int:
    """Measure, write `results.json`, `results.md` and `results.svg`, and print the table."""
    words = _words()
    problem = lab.problem()
    if problem:
        told(problem)
        return 2
    with TemporaryDirectory(prefix="patchtide-bench-") as folder:
        rounds = measured(Path(folder) / "sides", words.hosts, list(TOOLS) * words.rounds)
        growth = [one for count in words.growth for one in measured(Path(folder) / f"g{count}", count, ["patchtide"])]
    results = document(rounds, growth, {} if words.no_scale else scale())
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    (HERE / "results.md").write_text(page(rounds, growth), encoding="utf-8")
    (HERE / "results.svg").write_text(chart(rounds), encoding="utf-8")
    told(page(rounds, growth))
    return 0


def _words() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=main.__doc__)
    parser.add_argument("--hosts", type=int, default=20, help="hosts of the comparison")
    parser.add_argument("--rounds", type=int, default=3, help="how often each tool has its turn")
    parser.add_argument("--growth", type=int, nargs="*", default=[5, 10, 20, 40], help="fleets Patchtide alone updates")
    parser.add_argument("--no-scale", action="store_true", help="leave out what is measured without hosts")
    return parser.parse_args()


def measured(folder: Path, count: int, turns: Iterable[str]) -> Sequence[Round]:
    """Return one round for each turn, on a fleet that is put back before each and looked at after it."""
    folder.mkdir(parents=True)
    fleet = hosts.started(folder / "lab", count, told)
    rounds = []
    try:
        for number, tool in enumerate(turns):
            hosts.put_back(fleet)
            place = folder / f"turn-{number}"
            place.mkdir()
            (place / "lab").symlink_to(fleet.directory)
            timed = TOOLS[tool](fleet, place)
            hosts.refuse_unless(fleet, hosts.NEW)
            told(f"{count} hosts, {tool}: {timed.whole:.1f} s, {timed.in_window:.1f} s of them in the window")
            rounds.append(Round(tool, count, timed))
    finally:
        lab.down(fleet.directory, told)
    return rounds


def scale() -> dict[str, object]:
    """Return the figures that need no hosts."""
    done = subprocess.run([sys.executable, "-m", "bench.scale"], capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def told(text: str) -> None:
    """Print at once, for whoever watches."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
