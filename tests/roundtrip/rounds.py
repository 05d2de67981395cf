"""One way there and back on a real host: recorded, patched by the product, rolled back by the product, compared."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from patchtide.lab import Lab

# What is compared leaves out only what is not a package's own and is made anew by what runs after a transaction.
VOLATILE: Mapping[str, str] = {
    "/etc/ld.so.cache": "the linker's index: ldconfig writes it anew from the libraries, which are compared themselves",
    "*/__pycache__": "the folder of byte code that Python writes when a module is first used",
    "*/__pycache__/*.pyc": "that byte code",
}
PARTS = ("packages", "marks", "conffiles", "overrides", "services", "files")
CONFIG = """\
inventory: {inventory}
tiers:
  - {{name: test, hosts: {host}, window: always}}
updates: {{{updates}}}
health:
  - {{name: web, http: {{port: 8080, path: /healthz, status: 200}}, deadline: 60s}}
  - {{name: units, services: unchanged, crash_window: 0s, deadline: 60s}}
limits: {{patch: 30m, rollback: 30m}}
"""
_RECORDER = Path(__file__).with_name("recorder.py").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Case:
    """One host's way: what is done to it first, which updates it gets, and what happens while it is patched."""

    name: str
    what: str
    prepare: str
    updates: str = ""
    meanwhile: str = ""
    breaks: bool = False
    system: str = "debian"


@dataclass(frozen=True, slots=True)
class Result:
    """How a round ended; `differences` is empty when the host is as it was."""

    case: str
    changed: int
    compared: int
    differences: tuple[str, ...] = field(default=())

    @property
    def line(self) -> str:
        """The result in one line."""
        return f"{self.case}: {summed([self])}"


def summed(results: Sequence[Result]) -> str:
    """Results added up, in one line."""
    changed = sum(result.changed for result in results)
    compared = sum(result.compared for result in results)
    different = sum(len(result.differences) for result in results)
    return f"packages changed: {changed}, files compared: {compared}, differences: {different}"


@dataclass(frozen=True, slots=True)
class Round:
    """A case on its host, with a project folder of its own."""

    case: Case
    fleet: Lab
    folder: Path

    def done(self) -> Result:
        """Go there and back; what does not go as it should is a difference."""
        self.shell(self.case.prepare)
        self.folder.mkdir(parents=True, exist_ok=True)
        config = CONFIG.format(inventory=self.fleet.inventory, host=self.case.name, updates=self.case.updates)
        (self.folder / "patchtide.yml").write_text(config, encoding="utf-8")
        before = self.recorded()
        wrong, there = self._patched()
        after = self.recorded()
        wrong += compared(before, after)
        changed = len(differing(before["packages"], there["packages"]))
        if not changed:
            wrong.append("nothing was changed, so nothing was proven")
        return Result(self.case.name, changed, len(set(before["files"]) | set(after["files"])), tuple(wrong))

    def _patched(self) -> tuple[list[str], dict[str, Any]]:
        """What went wrong on the way there and back, and the host as it was in between."""
        plan = self.patchtide("plan", "-o", "plan.json")
        run = self._begun("run", "--no-input", "--yes", "--plan", "plan.json")
        wrong = [] if plan == 0 else [f"plan ended with {plan}"]
        if self.case.meanwhile:
            there = self._disturbed(run)
        code = run.wait()
        if self.case.breaks:
            return [*wrong, *([] if code == 9 else [f"run ended with {code}, not 9"])], there
        there = self.recorded()
        back = self.patchtide("rollback", self._run_id(), "--yes", "--reason", "there and back again")
        wrong += [] if code == 0 else [f"run ended with {code}"]
        return [*wrong, *([] if back == 9 else [f"rollback ended with {back}, not 9"])], there

    def _disturbed(self, run: "subprocess.Popen[bytes]") -> dict[str, Any]:
        """Wait for the moment that the case's script is about, and let it happen."""
        while run.poll() is None and self.fleet.shell(self.case.name, ["sh", "-c", self.case.meanwhile]).returncode:
            time.sleep(0.2)
        return self.recorded()

    def _run_id(self) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "patchtide", "status", "--json"], cwd=self.folder, capture_output=True, check=False
        )
        return str(json.loads(done.stdout)["run"])

    def patchtide(self, *words: str) -> int:
        """The exit code of a command of the product; what it said goes to the round's log."""
        return self._begun(*words).wait()

    def _begun(self, *words: str) -> "subprocess.Popen[bytes]":
        with (self.folder / "log").open("ab") as log:
            log.write(f"$ patchtide {' '.join(words)}\n".encode())
            log.flush()
            return subprocess.Popen(
                [sys.executable, "-m", "patchtide", *words],
                cwd=self.folder,
                env={**os.environ, "PATCHTIDE_NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def shell(self, script: str) -> str:
        """What a script says on the host, past SSH; it has to succeed."""
        done = self.fleet.shell(self.case.name, ["sh", "-euc", script])
        if done.returncode:
            message = f"{self.case.name}: {script.strip()!r} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}"
            raise RuntimeError(message)
        return done.stdout

    def recorded(self) -> dict[str, Any]:
        """Everything there is to compare of the host."""
        done = self.fleet.shell(self.case.name, ["python3", "-B", "-", *VOLATILE], text=_RECORDER)
        if done.returncode:
            message = f"{self.case.name} could not be recorded: {done.stderr[-2000:]}"
            raise RuntimeError(message)
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def compared(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """A sentence for each difference between two records of a host."""
    return [
        f"{part}: {name}: {before[part].get(name, 'was not there')!r}, now {after[part].get(name, 'gone')!r}"
        for part in PARTS
        for name in differing(before[part], after[part])
    ]


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The names under which two mappings differ."""
    return sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
