"""The program whole, as one file that Python runs and imports from: each module's source and bytecode."""

from __future__ import annotations

import importlib.util
import io
import marshal
import sys
import time
import zipfile
from contextlib import suppress
from pathlib import Path

from . import KEPT
from .journal import replace_durably
from .kept import PACKAGE, SEAL, is_own, sealed

_MAIN = f"import sys\nfrom {PACKAGE}.program import main\nsys.exit(main(sys.argv[1:]))\n"
_CHECKED = (0b11).to_bytes(4, "little")
_OLD = 86_400


def packed() -> bytes:
    """The file: this program's own, the one that is kept, or made from the modules as they were imported."""
    own = getattr(__spec__.loader, "archive", "") if __name__.startswith(PACKAGE) else ""
    there = own or (KEPT if is_own(KEPT) else "")
    return Path(there).read_bytes() if there else _made()


def keep() -> None:
    """Keep the program for later calls, and remove what other releases kept some time ago.

    Where it cannot be kept, the next call brings it again.
    """
    if KEPT and not is_own(KEPT):
        with suppress(OSError):
            _keep(Path(KEPT))


def _keep(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_durably(path, _made())
    for other in path.parent.glob("*.pyz"):
        if other != path and other.stat().st_mtime < time.time() - _OLD:
            other.unlink()


def _made() -> bytes:
    """This package, read through its own loaders, which may read from an archive too."""
    parent = __name__.rpartition(".")[0]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b" " * SEAL
        archive.writestr("__main__.py", _MAIN)
        for name, module in sorted(sys.modules.items()):
            if name == parent or name.startswith(f"{parent}."):
                source = _source(name, module).encode()
                inner = f"{PACKAGE}/{name[len(parent) + 1 :] or '__init__'}.py"
                archive.writestr(inner, source)
                archive.writestr(f"{inner}c", _bytecode(source, inner))
    return sealed(buffer.getvalue())


def _bytecode(source: bytes, name: str) -> bytes:
    """The module compiled, checked against its source when imported (PEP 552); another Python takes the source."""
    code = compile(source, name, "exec", dont_inherit=True)
    return importlib.util.MAGIC_NUMBER + _CHECKED + importlib.util.source_hash(source) + marshal.dumps(code)


def _source(name: str, module: object) -> str:
    loader = getattr(getattr(module, "__spec__", None), "loader", None) or getattr(module, "__loader__", None)
    source = loader.get_source(name) if loader is not None and hasattr(loader, "get_source") else None
    return source if source is not None else ""
