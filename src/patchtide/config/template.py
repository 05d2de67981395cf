"""The files of a new project, as `patchtide init` writes them."""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from patchtide import __version__
from patchtide.config.show import json_schema
from patchtide.core.errors import UsageError
from patchtide.core.meant import nearest

PIPELINES: Final[Mapping[str, tuple[str, str]]] = {
    "github": (".github/workflows/patch.yml", "ci/github.yml"),
    "gitlab": (".gitlab-ci.yml", "ci/gitlab.yml"),
}
"""For each service that runs pipelines: where it looks for its file, and the template of that."""

SCHEMA_FILE = "patchtide.schema.json"

_FILES: Final[Mapping[str, str]] = {
    "patchtide.yml": "patchtide.yml",
    "inventory/hosts.yml": "hosts.yml",
    "hooks/drain.yml": "hooks/drain.yml",
    "hooks/undrain.yml": "hooks/undrain.yml",
    ".gitignore": "gitignore.txt",
}


def files_for(ci: str | None = None) -> Mapping[str, str]:
    """Return the text of each file of a new project by its relative path; raises UsageError for an unknown `ci`."""
    if ci is not None and ci not in PIPELINES:
        hint = nearest(ci, PIPELINES) or f"Known: {', '.join(sorted(PIPELINES))}."
        raise UsageError(f"there is no pipeline template for {ci!r}", hint=hint)
    texts = {path: _template(name) for path, name in _FILES.items()}
    texts[SCHEMA_FILE] = json.dumps(json_schema(), indent=2) + "\n"
    if ci is not None:
        path, name = PIPELINES[ci]
        texts[path] = _template(name).replace("@version@", __version__)
    return texts


def _template(name: str) -> str:
    return files("patchtide.config").joinpath("templates", *name.split("/")).read_text(encoding="utf-8")
