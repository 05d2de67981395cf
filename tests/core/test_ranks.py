"""The rank test against counting every order by hand, and against distributions that are known to differ or not."""

import itertools
import math
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchtide.core.ranks import Tolerance, chance_of_larger, compared, statistic

ROOT = Path(__file__).resolve().parents[2]
P95 = Tolerance("p95", 0.2, 0.5)


def by_hand(before: list[float], after: list[float]) -> float:
    """The share of all ways to part the numbers in which `after` wins at least as many pairs."""
    every = [*before, *after]
    won = sum(late > early for late in after for early in before)
    parts = list(itertools.combinations(range(len(every)), len(after)))
    count = 0
    for places in parts:
        rest = [every[at] for at in range(len(every)) if at not in places]
        count += sum(every[at] > early for at in places for early in rest) >= won
    return count / len(parts)


def test_hosts_and_controller_have_the_same_test() -> None:
    host = ROOT / "plugins" / "module_utils" / "host" / "ranks.py"
    assert host.read_text("utf-8") == (ROOT / "src" / "patchtide" / "core" / "ranks.py").read_text("utf-8")


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=9, unique=True), st.data())
def test_small_samples_are_counted_exactly(numbers: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(numbers) - 1))
    before, after = [float(n) for n in numbers[:cut]], [float(n) for n in numbers[cut:]]
    assert chance_of_larger(before, after) == pytest.approx(by_hand(before, after))


def test_the_approximation_agrees_with_the_exact_count_where_both_can_be_had() -> None:
    draw = random.Random(7)
    for _ in range(50):
        before = [draw.random() for _ in range(20)]
        after = [draw.random() + draw.choice((0, 0.1, 0.3)) for _ in range(20)]
        exact = chance_of_larger(before, after)
        # A number that is there twice on one side hardly moves anything, but cannot be counted exactly.
        near = chance_of_larger([*before, before[0]], after)
        assert abs(exact - near) < 0.1


def test_numbers_that_are_all_the_same_are_no_difference() -> None:
    assert chance_of_larger([3.0] * 40, [3.0] * 40) == 1.0
    assert chance_of_larger([], [1.0]) == 1.0


def test_quantiles_are_numbers_that_were_measured() -> None:
    numbers = [float(n) for n in range(1, 101)]
    assert (statistic("p50", numbers), statistic("p95", numbers), statistic("mean", numbers)) == (50, 95, 50.5)
    assert statistic("p95", [4.0]) == 4.0


def times(draw: random.Random, median: float, spread: float, count: int = 30) -> list[float]:
    """Times of answers as services have them: skewed, with a tail."""
    return [median * math.exp(draw.gauss(0, spread)) for _ in range(count)]


def verdicts(ratio: float, spread: float, rounds: int = 200) -> list[str]:
    draw = random.Random(f"{ratio} {spread}")
    return [compared(times(draw, 20, spread), times(draw, 20 * ratio, spread), P95)[0] for _ in range(rounds)]


@pytest.mark.parametrize("spread", [0.02, 0.05, 0.1])
def test_thirty_percent_slower_is_found_and_the_same_is_not(spread: float) -> None:
    slower, same = verdicts(1.3, spread), verdicts(1.0, spread)
    assert slower.count("fail") >= 190
    assert slower.count("pass") == 0
    assert same.count("pass") >= 195
    assert same.count("fail") == 0


def test_a_very_noisy_service_is_rather_inconclusive_than_wrong() -> None:
    same = verdicts(1.0, 0.5)
    assert same.count("fail") <= 4
    assert verdicts(2.0, 0.5).count("pass") == 0


def test_what_got_slower_within_the_tolerance_passes() -> None:
    assert verdicts(1.1, 0.02).count("pass") == 200


def test_a_difference_that_nobody_feels_is_none() -> None:
    assert compared([0.1] * 20, [0.2] * 20, P95)[0] == "pass"
    assert compared([0.1] * 20, [0.2] * 20, Tolerance("p95", 0.2))[0] == "fail"


def test_a_single_hiccup_is_no_failure() -> None:
    draw = random.Random(1)
    before, after = times(draw, 20, 0.05), times(draw, 20, 0.05)
    assert compared(before, [*after[:-2], 400.0, 500.0], P95)[0] == "inconclusive"
    assert compared(before, [*after[:-1], 400.0], P95)[0] == "pass"


@pytest.mark.parametrize("sizes", [(0, 30), (30, 0), (4, 30), (30, 4)])
def test_too_few_numbers_say_nothing(sizes: tuple[int, int]) -> None:
    status, why = compared([1.0] * sizes[0], [9.0] * sizes[1], P95)
    assert status == "inconclusive"
    assert "too few" in why


_NUMBERS = st.lists(st.floats(0, 1e6), min_size=5, max_size=40)


@settings(max_examples=50)
@given(_NUMBERS, _NUMBERS, st.floats(0, 2))
def test_it_always_answers_and_a_wider_tolerance_never_makes_a_failure(
    before: list[float], after: list[float], within: float
) -> None:
    assert 0 <= chance_of_larger(before, after) <= 1
    narrow, _ = compared(before, after, Tolerance("p95", within))
    wide, _ = compared(before, after, Tolerance("p95", within + 1))
    assert (narrow, wide) != ("pass", "fail")


@given(_NUMBERS)
def test_the_same_numbers_pass(numbers: list[float]) -> None:
    assert compared(numbers, list(numbers), P95)[0] == "pass"


def test_numbers_that_are_beyond_as_a_whole_say_so_where_the_tail_alone_is_not() -> None:
    before = [100.0] * 40 + [300.0] * 10
    after = [150.0 + number / 100 for number in range(50)]
    status, why = compared(before, after, Tolerance("p95", 0.2))
    assert status == "fail"
    assert why.endswith("but as a whole beyond that: p50 150.2, was 100")
