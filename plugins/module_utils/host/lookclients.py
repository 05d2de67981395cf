"""A look by a program on the host: a command of its users, or the client of a database."""

from __future__ import annotations

import os
import re
import stat
from typing import Iterable

from .checks import Check
from .command import NOT_FOUND, QUIET, Finished, glimpsed, readable
from .seen import FAIL, INCONCLUSIVE, PASS, SKIPPED, UNMEASURED, Look, Past

_DENYING = re.compile(r"^\W*(?:FAIL|FAILED|FAILURE|CRITICAL|ERROR|FATAL|NOT OK|not ok)\b", re.MULTILINE)
_PASSWORD_BYTES = 4096
# Each client takes a password from the environment; nobody but its user and root can read that.
_PASSWORDS = ("PGPASSWORD", "MYSQL_PWD")


def command(check: Check, _: Past) -> Look:
    """Whether a program ends as it should and says what it should."""
    return _judged(check, glimpsed(check.own["argv"], check.timeout), check.own["exit"])


def sql(check: Check, _: Past) -> Look:
    """Whether a database answers its client; the password comes from a file and never stands in a command line."""
    try:
        password = _password(check.own["password_file"])
    except (OSError, ValueError) as error:
        return Look(UNMEASURED, f"the password cannot be read: {error}")
    given = dict.fromkeys(_PASSWORDS, password) if password else {}
    done = glimpsed(check.own["argv"], check.timeout, given)
    return _judged(check, _without(done, password), 0)


def _password(path: str | None) -> str:
    if path is None:
        return ""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_mode & (stat.S_IRWXO):
            raise ValueError(f"{path} can be read by everybody: take that from it (chmod o=)")
        text = file.read(_PASSWORD_BYTES).decode()
    return text.splitlines()[0] if text else ""


def _without(done: Finished, secret: str) -> Finished:
    """What a program said, without a password that it may have said too."""
    if not secret:
        return done
    out, err = (text.replace(secret, "***") for text in (done.out, done.err))
    return Finished(done.argv, done.code, out, err, done.timed_out)


def _judged(check: Check, done: Finished, code: int) -> Look:
    program = check.own["argv"][0]
    said = readable((done.out + done.err).strip())
    if done.timed_out:
        return Look(FAIL, readable(f"{program} did not end within {check.timeout:g} s: {said}"))
    if done.code == NOT_FOUND and not done.out:
        missing = not _is_there(program)
        return Look(SKIPPED if missing else UNMEASURED, readable(f"{program} could not be run: {said}"), final=missing)
    if done.code != code:
        return Look(FAIL, readable(f"{program} ended with {done.code}, not {code}: {said}"))
    for wrong in _wrongs(check, done):
        return Look(FAIL, readable(f"{program} ended with {done.code}{wrong}"))
    ended = f"{program} ended with {done.code}" + (f": {said}" if said else "")
    if _denies(check, done):
        return Look(INCONCLUSIVE, readable(f"{ended}; say what its output `matches` or `lacks`"))
    return Look(PASS, readable(ended))


def _is_there(program: str) -> bool:
    folders: Iterable[str] = [""] if "/" in program else QUIET["PATH"].split(os.pathsep)
    return any(os.path.exists(os.path.join(folder, program)) for folder in folders)


def _wrongs(check: Check, done: Finished) -> Iterable[str]:
    matches, lacks = check.own["matches"], check.own.get("lacks")
    if matches is not None and not matches.search(done.out):
        yield f", but its output has no match of {matches.pattern!r}: {done.out.strip()[:200]}"
    found = lacks.search(done.out + "\n" + done.err) if lacks is not None else None
    if found:
        yield f", but its output has {found.group()[:200]!r} in it"


def _denies(check: Check, done: Finished) -> bool:
    """Whether a program that nobody said anything about says FAIL, whatever its exit code says."""
    told = check.own["matches"] is not None or check.own.get("lacks") is not None
    return not told and check.kind == "command" and bool(_DENYING.search(done.out + "\n" + done.err))
