#!/usr/bin/env python3
"""Write the variables of each role into its README, from its argument specs; with --check only name what is stale."""

import json
import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- variables: written by scripts/role_readmes.py -->", "<!-- end of variables -->"


def table(role: Path) -> str:
    """Return the variables of a role as a Markdown table; a role has one entry point."""
    rows = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    options = loaded(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    defaults = loaded(role / "defaults" / "main.yml")
    return "\n".join([*rows, *(row(name, option, defaults.get(name)) for name, option in options.items())])


def loaded(path: Path) -> Any:  # noqa: ANN401  # what a YAML file holds
    """Return a YAML file's data."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def row(name: str, option: dict[str, object], value: object) -> str:
    """Return one variable's line."""
    default = "required" if option.get("required") else shown(value)
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


def renewed(role: Path) -> str:
    """Return a role's README with its table renewed; ValueError when it has no place for one."""
    before, begin, rest = (role / "README.md").read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{role}/README.md: no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n{table(role)}\n{END}{after}"


def stale() -> dict[Path, str]:
    """Return the READMEs that their roles have outrun, with the text that they should have."""
    wanted = {role / "README.md": renewed(role) for role in sorted((ROOT / "roles").iterdir())}
    return {path: text for path, text in wanted.items() if path.read_text(encoding="utf-8") != text}


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
