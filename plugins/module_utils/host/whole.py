"""The program whole, as one file that Python runs and imports from: each module's source and bytecode."""

from __future__ import annotations

import importlib.util
import io
import marshal
import time
from contextlib import suppress
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from . import kept
from .journal import replace_durably
from .kept import PACKAGE, SEAL, is_own, place, sealed

_MAIN = f"import sys\nfrom {PACKAGE}.program import main\nsys.exit(main(sys.argv[1:]))\n"
_UNCHECKED = (0b01).to_bytes(4, "little")
_OLD = 86_400


def packed() -> bytes:
    """The file: this program's own, the one that is kept, or made anew from the sources."""
    own, known = _archive(), _kept()
    there = known if known and is_own(known) else own if own.endswith(".pyz") else ""
    return Path(there).read_bytes() if there else _made()


def keep() -> None:
    """Keep a program that was brought for later calls, and remove what other releases kept some time ago.

    Where it cannot be kept, the next call brings it again.
    """
    wanted = _kept()
    if wanted and not is_own(wanted):
        with suppress(OSError):
            _keep(Path(wanted))


def _archive() -> str:
    """The path of the archive that this runs from, if it is one."""
    return getattr(__spec__.loader, "archive", "")


def _kept() -> str:
    """Where this program is to be kept, if it was brought by a call that looks there."""
    return place(kept.brought) if kept.brought else ""


def _package() -> str:
    return __name__.rpartition(".")[0]


def _keep(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace_durably(path, _made())
    for other in path.parent.glob("*.pyz"):
        if other != path and other.stat().st_mtime < time.time() - _OLD:
            other.unlink()


def _made() -> bytes:
    """All of this package, read through its own loaders, which may read from an archive too."""
    import zipfile

    package = _package()
    names = [one.name for one in iter_modules(importlib.import_module(package).__path__)]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b" " * SEAL
        archive.writestr("__main__.py", _MAIN)
        for name in ("__init__", *sorted(names)):
            source = _source(package if name == "__init__" else f"{package}.{name}").encode()
            inner = f"{PACKAGE}/{name}.py"
            archive.writestr(inner, source)
            archive.writestr(f"{inner}c", _bytecode(source, inner))
    return sealed(buffer.getvalue())


def _bytecode(source: bytes, name: str) -> bytes:
    """The module compiled (PEP 552; that it is of its source, the seal tells); another Python takes the source."""
    code = compile(source, name, "exec", dont_inherit=True)
    return importlib.util.MAGIC_NUMBER + _UNCHECKED + importlib.util.source_hash(source) + marshal.dumps(code)


def _source(name: str) -> str:
    spec = importlib.util.find_spec(name)
    loader: Any = spec.loader if spec else None
    source = loader.get_source(name) if hasattr(loader, "get_source") else None
    return source if source is not None else ""
