#!/usr/bin/env python3
"""Write the variables of each role into its README, from its argument specs; with --check only name what is stale."""

import json
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- variables: written by scripts/role_readmes.py -->", "<!-- end of variables -->"


def table(specs: dict[str, object]) -> str:
    """Return the variables of a role as a Markdown table; a role has one entry point."""
    rows = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    entry = specs["argument_specs"]["main"]  # type: ignore[index]
    rows += [row(name, option) for name, option in entry["options"].items()]
    return "\n".join(rows)


def row(name: str, option: dict[str, object]) -> str:
    """Return one variable's line."""
    default = "required" if option.get("required") else shown(option.get("default"))
    kind = f"{option['type']} of {option['elements']}s" if "elements" in option else str(option["type"])
    choices = option.get("choices")
    if isinstance(choices, list):
        kind = " or ".join(f"`{choice}`" for choice in choices)
    return f"| `{name}` | {kind} | {default} | {' '.join(str(option['description']).split())} |"


def shown(default: object) -> str:
    """Return a default as a reader writes it in YAML."""
    if default is None:
        return "none"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def renewed(readme: str, specs: dict[str, object]) -> str:
    """Return a README with its table renewed; ValueError when it has no place for one."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n{table(specs)}\n{END}{after}"


def stale() -> dict[Path, str]:
    """Return the READMEs that their specs have outrun, with the text that they should have."""
    found = {}
    for path in sorted((ROOT / "roles").glob("*/README.md")):
        specs = yaml.safe_load((path.parent / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
        text = path.read_text(encoding="utf-8")
        if (wanted := renewed(text, specs)) != text:
            found[path] = wanted
    return found


def main(arguments: list[str]) -> int:
    """Write what is stale, or with --check name it and return 1."""
    found = stale()
    for path, text in found.items():
        print(path.relative_to(ROOT))
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
    return 1 if found and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
