"""Programs that fail, hang or are missing become sentences."""

import pytest

from patchtide.lab.programs import completed, last_words, output
from patchtide.lab.spec import LabError


def test_a_missing_program_is_named() -> None:
    with pytest.raises(LabError, match="no-such-program is not installed"):
        completed(["no-such-program"])


def test_a_failing_program_is_quoted() -> None:
    with pytest.raises(LabError, match=r"the reason: sh ended with 3: first \| second"):
        output(["sh", "-c", "echo first >&2; echo second >&2; exit 3"], "the reason")


def test_a_hanging_program_is_ended() -> None:
    with pytest.raises(LabError, match="did not finish"):
        completed(["sleep", "60"], seconds=0.1)


def test_podmans_log_lines_are_left_out_where_it_says_more() -> None:
    assert last_words('time="1" level=warning msg="x"\nError: no such container\n') == "Error: no such container"
    assert last_words('time="1" level=error msg="x"\n') == 'time="1" level=error msg="x"'
    assert last_words("\n") == "it said nothing"
