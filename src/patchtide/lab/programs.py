"""Running the programs a lab is made with: podman and its companions, as a person would at a terminal."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache

from patchtide.lab.spec import LabError

_SYSTEM = "/usr/sbin:/sbin"
_MINUTES = 600.0
# podman's own limits cannot be set where CAP_SYS_RESOURCE is missing.
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=4096:4096")


def environment() -> dict[str, str]:
    """Return this process's environment with the system's program directories on PATH, which users may lack."""
    return {**os.environ, "PATH": f"{os.environ.get('PATH', os.defpath)}:{_SYSTEM}", "LC_ALL": "C.UTF-8"}


@cache
def as_root() -> tuple[str, ...]:
    """Return what makes a command root's: nothing for root, sudo where it asks no password, and nothing otherwise."""
    if os.geteuid() == 0 or not found("sudo"):
        return ()
    return ("sudo", "-n") if completed(["sudo", "-n", "true"], seconds=30).returncode == 0 else ()


def podman(*words: str) -> list[str]:
    """Return a podman command, with the runtime that also works where cgroups are hybrid."""
    return [*as_root(), "podman", "--runtime", "runc", *words]


def found(program: str) -> bool:
    """Return whether a program is installed."""
    return shutil.which(program, path=environment()["PATH"]) is not None


def completed(
    argv: Sequence[str], *, text: str | None = None, seconds: float = _MINUTES, extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Return a finished program with what it wrote, whatever its exit code; raises LabError when it cannot finish."""
    try:
        return subprocess.run(
            list(argv),
            input=text,
            stdin=subprocess.DEVNULL if text is None else None,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=seconds,
            env={**environment(), **(extra or {})},
        )
    except FileNotFoundError:
        raise LabError(f"{argv[0]} is not installed", f"Install {argv[0]} and try again.") from None
    except subprocess.TimeoutExpired:
        raise LabError(f"`{' '.join(argv[:6])}` did not finish within {seconds:.0f} s") from None


def output(
    argv: Sequence[str],
    why: str,
    *,
    text: str | None = None,
    seconds: float = _MINUTES,
    extra: Mapping[str, str] | None = None,
) -> str:
    """Return what a program printed; raises LabError with the reason for the call and the program's own words."""
    done = completed(argv, text=text, seconds=seconds, extra=extra)
    if done.returncode:
        raise LabError(f"{why}: {argv[0]} ended with {done.returncode}: {last_words(done.stderr or done.stdout)}")
    return done.stdout


def last_words(text: str) -> str:
    """Return the last two lines that say something, as one line; podman's log lines are left out where others are."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    spoken = [line for line in lines if not line.startswith("time=")] or lines
    return " | ".join(spoken[-2:]) or "it said nothing"
