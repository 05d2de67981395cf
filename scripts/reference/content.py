"""The page of the collection: modules and roles."""

import ast
from pathlib import Path
from typing import Any

import yaml
from scripts.reference.markdown import Schema, as_dict, bullet, code

ROOT = Path(__file__).resolve().parents[2]


def modules_page() -> str:
    """Return the collection's modules in a line each, and the variables of its roles."""
    modules = {path.stem: documentation(path) for path in sorted((ROOT / "plugins/modules").glob("*.py"))}
    parts = [
        "# Modules and roles\n",
        "The collection is `patchtide.patchtide`.\n",
        "## Modules\n",
        "`ansible-doc patchtide.patchtide.NAME` prints a module's options, examples and return values.\n",
        *(bullet(f"`{name}`: {doc['short_description']}.") for name, doc in modules.items()),
    ]
    for role in sorted((ROOT / "roles").iterdir()):
        spec = loaded(role / "meta/argument_specs.yml")["argument_specs"]["main"]
        defaults = loaded(role / "defaults/main.yml")
        parts.append(
            f"\n## Role {role.name}\n\n{spec['short_description']}. [README](../../roles/{role.name}/README.md)\n"
        )
        parts += [variable(name, option, defaults.get(name)) for name, option in spec["options"].items()]
    return "\n".join(parts)


def documentation(path: Path) -> dict[str, Any]:
    """Return what a module's DOCUMENTATION holds."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and node.targets[0].id == "DOCUMENTATION"
        ):
            return as_dict(yaml.safe_load(ast.literal_eval(node.value)))
    raise ValueError(f"{path} has no DOCUMENTATION")


def loaded(path: Path) -> dict[str, Any]:
    """Return a YAML file's data."""
    return as_dict(yaml.safe_load(path.read_text("utf-8")))


def variable(name: str, option: Schema, default: object) -> str:
    """Return one variable of a role."""
    kind = f"{option['type']} of {option['elements']}s" if "elements" in option else str(option["type"])
    if "choices" in option:
        kind = " or ".join(code(choice) for choice in option["choices"])
    said = "required" if option.get("required") else "no default" if default is None else f"default {code(default)}"
    return bullet(f"`{name}` ({kind}, {said}): {option['description']}")
