"""From hosts to waves: canaries, domains, order and spread, alone and together."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchtide.core.cutting import cut
from patchtide.core.errors import UsageError
from patchtide.core.fleet import Host
from patchtide.core.policy import Amount, Canary, Order
from patchtide.core.settings import TierSettings

ROLES = Order("role", ("replica", "primary"))
ONE = (Amount(count=1),)


def tier(**more: Any) -> TierSettings:  # noqa: ANN401  # any setting of a tier
    return TierSettings("prod", "env_prod", always=True, where="patchtide.yml:7", **more)


def fleet(*places: str) -> list[Host]:
    """Return hosts written `name:cluster:role`."""
    parts = (place.split(":") for place in places)
    return [Host(name, {"cluster": cluster, "role": role}) for name, cluster, role in parts]


PAIRS = fleet("a1:a:primary", "a2:a:replica", "b1:b:primary", "b2:b:replica", "c1:c:primary", "c2:c:replica")


def waves(of: TierSettings, hosts: list[Host], wanting: tuple[str, ...] = ()) -> list[str]:
    return [" ".join(wave) for wave in cut(of, hosts, wanting or [host.name for host in hosts])[0]]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (tier(wave_per="cluster"), ["a1 a2", "b1 b2", "c1 c2"]),
        (tier(order=ROLES), ["a2 b2 c2", "a1 b1 c1"]),
        (tier(wave_per="cluster", order=ROLES), ["a2", "a1", "b2", "b1", "c2", "c1"]),
        (tier(order=ROLES, waves=(Amount(count=1), Amount(percent=50))), ["a2", "b2 c2", "a1 b1 c1"]),
        (tier(spread_by="cluster"), ["a1 b1 c1", "a2 b2 c2"]),
        (tier(spread_by="cluster", spread_most=2), ["a1 a2 b1 b2 c1 c2"]),
        (tier(canary=Canary(("b2",))), ["b2", "a1 a2 b1 c1 c2"]),
        (tier(canary=Canary(count=Amount(count=2)), order=ROLES), ["a2 b2", "c2", "a1 b1 c1"]),
        (tier(canary=Canary(("a1", "a2")), spread_by="cluster"), ["a1", "a2", "b1 c1", "b2 c2"]),
        (tier(canary=Canary(count=Amount(percent=50)), waves=ONE), ["a1 a2 b1", "b2", "c1", "c2"]),
        (tier(canary=Canary(("a2", "a1")), wave_per="cluster", order=ROLES), ["a2", "a1", "b2", "b1", "c2", "c1"]),
        (tier(wave_per="cluster", spread_by="role"), ["a1 a2", "b1 b2", "c1 c2"]),
        (tier(waves=(Amount(percent=50),), canary=Canary(("a1",))), ["a1", "a2 b1 b2", "c1 c2"]),
    ],
)
def test_hosts_are_cut_into_waves_as_it_is_asked(of: TierSettings, expected: list[str]) -> None:
    assert waves(of, PAIRS) == expected


def test_canaries_that_are_counted_are_taken_from_those_that_get_something() -> None:
    of = tier(canary=Canary(count=Amount(count=2), soak=timedelta(hours=1)))
    assert waves(of, PAIRS, ("b2", "c1", "c2"))[0] == "b2 c1"
    assert cut(of, PAIRS, ())[0][0] == ("a1", "a2")
    assert cut(of, PAIRS, ())[1] == 1


@pytest.mark.parametrize(
    ("of", "told"),
    [
        (tier(canary=Canary(("a3",))), "tier 'prod' has no host 'a3', which is to be its canary"),
        (tier(canary=Canary(("a1",)), order=ROLES), "the canary 'a1' .* would go before 'a2'"),
        (tier(canary=Canary(("b1",)), order=ROLES, wave_per="cluster"), "the canary 'b1' .* would go before 'b2'"),
        (tier(order=Order("role", ("replica",))), "does not say when 'primary' comes [(]a1[)]"),
        (tier(order=Order("duty", ("replica",))), "is ordered by 'duty', which a1, a2, b1, b2, c1, c2 does not have"),
        (tier(wave_per="rack"), "has a wave per 'rack', which a1"),
        (tier(spread_by="rack"), "spreads by 'rack', which a1"),
        (tier(waves=(Amount(count=7),)), "has a wave of 7 hosts, but 6 hosts in all"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_place(of: TierSettings, told: str) -> None:
    with pytest.raises(UsageError, match=told) as raised:
        waves(of, PAIRS)
    assert raised.value.where == "patchtide.yml:7"


@st.composite
def tiers(draw: st.DrawFn) -> tuple[TierSettings, list[Host]]:
    count = draw(st.integers(1, 24))
    names = [f"h{number}" for number in range(count)]
    variables = st.fixed_dictionaries({"cluster": st.sampled_from("abc"), "role": st.sampled_from(ROLES.values)})
    hosts = [Host(name, draw(variables)) for name in names]
    canary = draw(st.none() | st.integers(1, count).map(lambda many: Canary(count=Amount(count=many))))
    percent = draw(st.sampled_from([10, 34, 100]))
    made = tier(
        waves=(Amount(percent=percent),),
        wave_per=draw(st.sampled_from([None, "cluster"])),
        spread_by=draw(st.sampled_from([None, "cluster"])),
        spread_most=draw(st.integers(1, 3)),
        canary=canary,
        order=draw(st.sampled_from([None, ROLES])),
    )
    return made, hosts


def value(hosts: list[Host], name: str, variable: str) -> str:
    variables: Mapping[str, object] = next(host.variables for host in hosts if host.name == name)
    return str(variables[variable])


@given(tiers())
def test_every_host_has_one_place_and_every_rule_holds(made: tuple[TierSettings, list[Host]]) -> None:
    of, hosts = made
    try:
        found, canaries = cut(of, hosts, [host.name for host in hosts])
    except UsageError as error:
        assert "would go before" in error.message  # what is refused is a canary out of order
        return
    assert sorted(name for wave in found for name in wave) == sorted(host.name for host in hosts)
    assert all(found)
    assert sum(len(wave) for wave in found[:canaries]) == (of.canary.count.of(len(hosts)) if of.canary else 0)
    for wave in found:
        clusters = [value(hosts, name, "cluster") for name in wave]
        if of.spread_by:
            assert max(clusters.count(cluster) for cluster in clusters) <= of.spread_most
        if of.order:
            assert len({value(hosts, name, "role") for name in wave}) == 1
    for number, wave in enumerate(found[canaries:], start=canaries):
        if of.wave_per:
            assert len({value(hosts, name, "cluster") for name in wave}) == 1
        for later in found[number + 1 :] if of.order else ():
            for name, behind in ((a, b) for a in wave for b in later):
                together = not of.wave_per or value(hosts, name, "cluster") == value(hosts, behind, "cluster")
                assert not together or value(hosts, name, "role") >= value(hosts, behind, "role")
