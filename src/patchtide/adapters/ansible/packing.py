"""Our modules as the controller sends them: the host program itself, without Ansible's own library around it.

Ansible packs a module with all that it imports, and every host unpacks and compiles that in every call. What is made
here is one script for all modules, of the kind that Ansible only fills arguments into (by the marker below): it runs
the program that the host keeps, and brings it for a host that does not keep just this one. See decision 0038.
"""

import base64
import hashlib
import io
import zipfile
from functools import lru_cache
from pathlib import Path

_HOST = Path("plugins/module_utils/host")
_PACKAGE = "patchtide_host"
_EPOCH = (1980, 1, 1, 0, 0, 0)
# The arguments stay data whatever they hold: three quotes in a row occur in no JSON, and there is no second marker.
_SCRIPT = """#!/usr/bin/python
import sys

sys.path[:] = [one for one in sys.path if one not in ("", ".")]  # the folder that it happens to be called in
if sys.version_info < (3, 8):
    print('{"failed": true, "msg": "a host needs Python 3.8 or newer, and this is %%s"}' %% sys.version.split()[0])
    sys.exit(1)
exec(%(kept)r)
NAME, ARCHIVE = %(name)r, %(archive)r
ARGUMENTS = r\"\"\"<<INCLUDE_ANSIBLE_MODULE_JSON_ARGS>>\"\"\"
import json

try:
    result = program(NAME, ARCHIVE).called(ARGUMENTS)
except Exception as error:
    result = {"failed": True, "msg": "the host cannot load the program: %%s: %%s" %% (type(error).__name__, error)}
print(json.dumps(result))
"""


def packed(content: Path, modules: Path) -> None:
    """Put the script for each of the collection's modules into a new folder, under the module's name."""
    modules.mkdir(mode=0o700)
    script = modules / "script"
    script.write_text(_script(content), encoding="utf-8")
    for module in sorted((content / "plugins" / "modules").glob("*.py")):
        (modules / module.name).symlink_to(script.name)


@lru_cache(maxsize=1)
def _script(content: Path) -> str:
    archive = _archive(content / _HOST)
    kept = (content / _HOST / "kept.py").read_text(encoding="utf-8")
    name = hashlib.sha256(archive).hexdigest()[:32]
    return _SCRIPT % {"kept": kept, "name": name, "archive": base64.b64encode(archive).decode()}


def _archive(host: Path) -> bytes:
    """The program's sources; the same bytes for the same sources, for they are known by their digest."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(host.glob("*.py")):
            inner = zipfile.ZipInfo(f"{_PACKAGE}/{path.name}", _EPOCH)
            inner.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(inner, path.read_bytes())
    return buffer.getvalue()
