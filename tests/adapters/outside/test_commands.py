"""Commands on the controller: for each host with its name, bounded, and told when they fail."""

import sys
from datetime import timedelta

from patchtide.adapters.outside.commands import ran

MINUTE = timedelta(minutes=1)


def test_a_command_gets_the_name_of_the_host_and_of_the_run() -> None:
    check = "import os, sys; sys.exit(sys.argv[1] + os.environ['PATCHTIDE_HOST'] + os.environ['PATCHTIDE_RUN'])"
    said = ran("r1", (sys.executable, "-c", check, "{short}:"), ["a.example.com", "b"], MINUTE)
    assert [why.rpartition(": ")[2] for why in said.values()] == ["a.example.com", "b"] or said == {
        "a.example.com": f"{sys.executable} ended with 1: a:a.example.comr1",
        "b": f"{sys.executable} ended with 1: b:br1",
    }


def test_only_who_fails_has_a_problem() -> None:
    said = ran("r1", ("test", "{host}", "=", "a"), ["a", "b"], MINUTE)
    assert said == {"b": "test ended with 1: no message"}


def test_a_command_that_is_missing_or_hangs_is_a_problem() -> None:
    assert "cannot be run" in ran("r1", ("/nowhere/program",), ["a"], MINUTE)["a"]
    assert "did not end within 0 s" in ran("r1", ("sleep", "60"), ["a"], timedelta(milliseconds=100))["a"]
