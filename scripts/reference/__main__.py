"""Write docs/reference/ from the code; with --check only name what is stale."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.reference.configuration import configuration_page
from scripts.reference.content import modules_page
from scripts.reference.documents import events_page, plan_page
from scripts.reference.faults import faults_page
from scripts.reference.words import cli_page, exit_codes_page, steps_page

from patchtide.documents import plan_schema

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
HEAD = "<!-- Written by scripts/docs from the code: `make docs` renews it. -->\n\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "configuration.md": configuration_page,
    "exit-codes.md": exit_codes_page,
    "steps-and-end-states.md": steps_page,
    "plan.md": plan_page,
    "plan.schema.json": lambda: json.dumps(plan_schema(), indent=2),
    "events.md": events_page,
    "modules-and-roles.md": modules_page,
    "faults.md": faults_page,
}


def _head(name: str) -> str:
    return HEAD if name.endswith(".md") else ""  # JSON has no comments


def stale() -> dict[Path, str | None]:
    """Return the pages that are not as the code says, with their right text; None for a page that nobody writes."""
    wanted: dict[Path, str | None] = {
        REFERENCE / name: _head(name) + page().rstrip() + "\n" for name, page in PAGES.items()
    }
    left: dict[Path, str | None] = {path: None for path in REFERENCE.glob("*") if path not in wanted}
    written = {path: text for path, text in wanted.items() if not path.exists() or path.read_text("utf-8") != text}
    return {**written, **left}


def main(arguments: list[str]) -> int:
    """Write what is stale and remove what is left over, or with --check name it and return 1."""
    if arguments not in ([], ["--check"]):
        print("usage: scripts/docs [--check]", file=sys.stderr)
        return 2
    found = stale()
    for path, text in found.items():
        if arguments:
            print(f"stale: {path.relative_to(ROOT)}; `make docs` renews it")
            continue
        print(path.relative_to(ROOT))
        if text is None:
            path.unlink()
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    return 1 if found and arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
