"""Waves: nobody twice, nobody forgotten, and sizes that mean what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtide.core.errors import UsageError
from patchtide.core.policy import Amount
from patchtide.core.waves import EVERYONE, split

SIZES = st.lists(
    st.one_of(
        st.floats(0.01, 100).map(lambda percent: Amount(percent=percent)),
        st.just(1).map(lambda count: Amount(count=count)),
    ),
    min_size=1,
    max_size=5,
)
HOSTS = st.integers(1, 60).map(lambda count: [f"h{number}" for number in range(count)])


@given(HOSTS, SIZES)
def test_every_host_is_in_exactly_one_wave_in_its_order(hosts: list[str], sizes: list[Amount]) -> None:
    waves = split(hosts, sizes)
    assert [host for wave in waves for host in wave] == hosts
    assert all(waves)


@given(HOSTS, SIZES)
def test_no_wave_is_bigger_than_asked_for(hosts: list[str], sizes: list[Amount]) -> None:
    for number, wave in enumerate(split(hosts, sizes)):
        assert len(wave) <= max(1, sizes[min(number, len(sizes) - 1)].of(len(hosts)))


@given(HOSTS, SIZES, st.data())
def test_a_wave_never_has_two_hosts_of_one_cluster(hosts: list[str], sizes: list[Amount], data: st.DataObject) -> None:
    spread = {host: data.draw(st.sampled_from("abc")) for host in hosts}
    waves = split(hosts, sizes, spread)
    assert sorted(host for wave in waves for host in wave) == sorted(hosts)
    for wave in waves:
        assert len({spread[host] for host in wave}) == len(wave)


@pytest.mark.parametrize(
    ("sizes", "lengths"),
    [
        (EVERYONE, [20]),
        ([Amount(count=1), Amount(percent=10), Amount(percent=50), Amount(percent=100)], [1, 2, 10, 7]),
        ([Amount(count=1), Amount(count=3)], [1, 3, 3, 3, 3, 3, 3, 1]),
        ([Amount(percent=1)], [1] * 20),
        ([Amount(count=20)], [20]),
    ],
)
def test_the_last_size_repeats(sizes: list[Amount], lengths: list[int]) -> None:
    assert [len(wave) for wave in split([f"h{n}" for n in range(20)], sizes)] == lengths


@pytest.mark.parametrize(
    "size",
    [
        Amount(count=0),
        Amount(count=-1),
        Amount(count=4),
        Amount(percent=0),
        Amount(percent=100.5),
        Amount(percent=-3),
        Amount(percent=float("nan")),
        Amount(percent=float("inf")),
    ],
    ids=str,
)
def test_a_wave_without_sense_is_refused(size: Amount) -> None:
    with pytest.raises(UsageError, match="tier 'prod' has a wave of"):
        split(["a", "b", "c"], [size], tier="prod")


def test_a_tier_without_sizes_is_refused() -> None:
    with pytest.raises(UsageError, match="no wave sizes"):
        split(["a"], [], tier="prod")


@given(st.integers(0, 5000), st.integers(0, 10000))
def test_a_percentage_is_exact_arithmetic_rounded_down(total: int, hundredths: int) -> None:
    assert Amount(percent=hundredths / 100).of(total) == total * hundredths // 10000
