"""The hosts of a run count themselves: never anything else than what looking at each of them would tell."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.made import NOW, did, opened, plan, started, tier

from patchtide.core.hosts import Hosts, Trait, hosts_of
from patchtide.core.hoststate import HostState
from patchtide.core.steps import EndState, Step

TIERS = {"test": 3, "staging": 128, "production": 300}
NAMES = [(f"{tier[0]}{number}", tier) for tier, size in TIERS.items() for number in range(size)]
SOME = st.lists(
    st.builds(
        lambda place, more: replace(HostState(*NAMES[place]), **more),
        st.integers(0, len(NAMES) - 1),
        st.fixed_dictionaries(
            {
                "next": st.sampled_from([None, *Step]),
                "end": st.sampled_from([None, *EndState]),
                "started": st.sampled_from([None, Step.PATCH]),
                "lost_since": st.sampled_from([None, NOW]),
                **{
                    name: st.booleans() for name in ("failed", "entered", "changed", "rolled_back", "told", "pointless")
                },
            }
        ),
    ),
    max_size=40,
)


def fresh() -> Hosts:
    return hosts_of(HostState(name, tier) for name, tier in NAMES)


@given(SOME, SOME)
def test_counts_and_questions_agree_with_a_look_at_every_host(first: list[HostState], second: list[HostState]) -> None:
    hosts = fresh().updated(first).updated(second)
    by_hand = {state.name: state for state in [*fresh().values(), *first, *second]}
    assert dict(hosts) == by_hand
    assert list(hosts) == [name for name, _ in NAMES]
    for trait in Trait:
        having = [state for state in by_hand.values() if getattr(state, trait)]
        assert list(hosts.having(trait)) == having
        assert hosts.count(trait) == len(having)
        for tier_name in TIERS:
            of_tier = [state for state in having if state.tier == tier_name]
            assert list(hosts.having(trait, tier_name)) == of_tier
            assert hosts.count(trait, tier_name) == len(of_tier)


def test_what_was_known_before_stays_as_it_was() -> None:
    before = fresh()
    after = before.updated([replace(before["p299"], failed=True)])
    assert not before["p299"].failed
    assert before.count(Trait.FAILED) == 0
    assert after.count(Trait.FAILED) == 1
    assert after != before
    assert after.updated([before["p299"]]) == before


def test_a_host_that_is_not_there_is_an_error() -> None:
    with pytest.raises(KeyError):
        fresh().updated([HostState("stranger", "test")])


def test_hosts_of_a_tier_come_in_the_order_of_its_waves() -> None:
    run = opened(plan(tier("test", ("b",), ("c", "a")), tier("prod", ("p",))))
    assert [host.name for host in run.in_tier("test")] == ["b", "c", "a"]
    assert [host.wave for host in run.hosts.values()] == [0, 1, 1, 0]
    assert [host.name for host in started(did(run, Step.STAGE, "b"), Step.STAGE, "a").hosts.having(Trait.TO_STAGE)] == [
        "c",
        "p",
    ]
