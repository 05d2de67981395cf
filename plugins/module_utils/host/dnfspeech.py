"""What dnf answers, parsed; and the words in which it is asked."""

from __future__ import annotations

import inspect
import json
import os
import re
from pathlib import Path
from typing import Any, Sequence

from . import dnfside
from .command import Finished, finished
from .errors import HostError
from .names import Removal
from .packagemanager import Pending, Simulated, Wanted

PROGRAM = Path("/run/patchtide-dnfside.py")
_DNF = ("/usr/bin/dnf-3", "/usr/bin/dnf")
_PYTHON = re.compile(r"#! ?(/\S*python\S*)")


def asked(work: str, timeout: float = 600, **question: Any) -> dict[str, Any]:
    """dnf's answer to a question; HostError in its own words where it refuses."""
    said = finished(words(work, **question), timeout)
    if not said.ok:
        raise HostError(f"dnf cannot tell what is {work}: {said.why()}", code="packages")
    return answer(said)


def words(work: str, **question: Any) -> list[str]:
    """The command that asks dnf's own library, run by the Python that dnf is run with."""
    fresh = PROGRAM.with_name(f"{PROGRAM.name}.{os.getpid()}")
    fresh.write_text(inspect.getsource(dnfside), encoding="utf-8")
    fresh.chmod(0o600)
    fresh.replace(PROGRAM)
    return [interpreter(), "-I", str(PROGRAM), work, json.dumps(question)]


def interpreter(programs: Sequence[str] = _DNF) -> str:
    """The Python in the first line of dnf's program; HostError where it is no Python program (as dnf 5 is not)."""
    for program in programs:
        try:
            with open(program, "rb") as handle:
                first = handle.readline(256).decode(errors="replace")
        except OSError:
            continue
        found = _PYTHON.match(first)
        if found:
            return found[1]
    raise HostError(
        "this host has no dnf 4, whose library Patchtide asks", "dnf 5 and microdnf are not supported yet", "platform"
    )


def answer(said: Finished) -> dict[str, Any]:
    """The JSON object in the last line of what dnf said; HostError where there is none."""
    try:
        found = json.loads(said.out.strip().rpartition("\n")[2])
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise HostError(f"dnf's answer cannot be read: {said.why()}", code="packages")
    return found


def simulated(said: Finished) -> Simulated:
    """What a transaction would do, or dnf's reason why it cannot be done."""
    if not said.ok:
        return Simulated(False, said.why())
    found = answer(said)
    if found["beside"]:
        return Simulated(False, f"{', '.join(found['beside'])} {_BESIDE}")
    return Simulated(True, "", dict(found["installs"]), tuple(found["removals"]))


_BESIDE = "is installed beside its older versions, which Patchtide does not do with RPM packages yet"


def pending(found: Sequence[dict[str, Any]]) -> list[Pending]:
    """The updates in dnf's outlook."""
    return [Pending(**{**one, **_frozen(one)}) for one in found]


def _frozen(one: dict[str, Any]) -> dict[str, Any]:
    lists = {name: tuple(one[name]) for name in ("needed_by", "advisories", "cves") if one[name] is not None}
    return {**lists, "removes": tuple(Removal(**gone) for gone in one["removes"])}


def hashes(found: Sequence[dict[str, Any]]) -> dict[Wanted, str]:
    """The sha256 of each version that a source offers; a version with two hashes, or with none, is left out."""
    known = {_wanted(one): set(one["sha256"]) for one in found}
    return {wanted: digests.pop() for wanted, digests in known.items() if len(digests) == 1 and "" not in digests}


def wanted_words(wanted: Sequence[Wanted]) -> list[dict[str, str]]:
    """The versions as dnf is asked for them."""
    return [{"name": one.name, "arch": one.arch, "version": one.version} for one in wanted]


def _wanted(one: dict[str, Any]) -> Wanted:
    return Wanted(one["name"], one["arch"], one["version"])
