"""The network as it is now: what no package holds, so that only a boot brings the configured one back."""

from __future__ import annotations

import json
import re
import time
from typing import Any, Callable

from .command import NOT_FOUND, finished

# Links that come and go with guests, containers and tunnels say nothing about how the host itself is reached.
_PASSING = re.compile(r"(veth|docker|br-|virbr|vnet|tap|cni|podman|lxc|lxd|cali|flannel|kube).*")
_LEARNT = ("ra", "redirect")
_COUNTERS = re.compile(r"\[\d+:\d+\]")
_FIREWALLS = (("nft", "-s", "list", "ruleset"), ("iptables-save",), ("ip6tables-save",))
_PACE = 2.0


def recorded() -> dict[str, list[str]] | None:
    """Links, addresses, routes, rules and packet filters as lines; None where they cannot be told."""
    parts = {
        "link": (("link",), link_line),
        "address": (("address",), address_lines),
        "route": (("-4", "route", "show", "table", "all"), route_line),
        "route6": (("-6", "route", "show", "table", "all"), route_line),
        "rule": (("-4", "rule"), rule_line),
        "rule6": (("-6", "rule"), rule_line),
    }
    found: dict[str, list[str]] = {}
    for name, (words, told) in parts.items():
        lines = _told(words, told)
        if lines is None:
            return None
        found[name] = lines
    return {**found, "filter": _filters()}


def differences(before: dict[str, list[str]] | None, now: dict[str, list[str]] | None) -> list[str]:
    """A sentence for every line that is gone or new; one where either side could not be told."""
    if before is None or now is None:
        return ["the network cannot be compared: `ip -json` does not tell how it is"]
    sentences = []
    for part in sorted({*before, *now}):
        was, is_now = before.get(part, []), now.get(part, [])
        sentences += [f"{part} {line} is gone" for line in was if line not in is_now]
        sentences += [f"{part} {line} is new" for line in is_now if line not in was]
    return sentences


def settled_differences(before: dict[str, list[str]] | None, patience: float) -> list[str]:
    """The differences that are left once the network had time (seconds) to settle."""
    until = time.monotonic() + patience
    while True:
        found = differences(before, recorded())
        if not found or time.monotonic() > until:
            return found
        time.sleep(_PACE)


def link_line(one: dict[str, Any]) -> list[str]:
    """Whether a link is up."""
    return [f"{one['ifname']} {'up' if 'UP' in one.get('flags', []) else 'down'}"]


def address_lines(one: dict[str, Any]) -> list[str]:
    """The addresses of a link, without those that the network hands out for a while."""
    infos = [info for info in one.get("addr_info", []) if not (info.get("family") == "inet6" and info.get("dynamic"))]
    return [f"{info['local']}/{info['prefixlen']} {one['ifname']}" for info in infos if not info.get("temporary")]


def route_line(one: dict[str, Any]) -> list[str]:
    """A route, unless a router told of it or the kernel keeps it for an address."""
    if one.get("table") == "local" or one.get("protocol") in _LEARNT:
        return []
    return [" ".join(str(one[key]) for key in ("type", "dst", "gateway", "dev", "table") if one.get(key))]


def rule_line(one: dict[str, Any]) -> list[str]:
    """A routing rule."""
    return [" ".join(f"{key} {value}" for key, value in sorted(one.items()))]


def _told(words: tuple[str, ...], line: Callable[[dict[str, Any]], list[str]]) -> list[str] | None:
    asked = finished(["ip", "-json", *words], 30)
    if not asked.ok:
        return None
    try:
        entries = [one for one in json.loads(asked.out or "[]") if isinstance(one, dict) and one]
    except ValueError:
        return None
    kept = [one for one in entries if not _PASSING.fullmatch(str(one.get("ifname") or one.get("dev") or ""))]
    return sorted(text for one in kept for text in line(one))


def _filters() -> list[str]:
    lines = []
    for command in _FIREWALLS:
        asked = finished(command, 30)
        if asked.code == NOT_FOUND:
            continue
        text = (_COUNTERS.sub("", one).strip() for one in asked.out.splitlines())
        lines += [f"{command[0]}: {one}" for one in text if one and not one.startswith("#")]
    return lines
