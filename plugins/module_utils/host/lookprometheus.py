"""A look at what others measure: a query of Prometheus, and alerts that fire there or in an Alertmanager."""

from __future__ import annotations

import json
import math
import re
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

from .checks import Check
from .command import readable
from .seen import FAIL, PASS, UNMEASURED, Look, Past

_MOST_BYTES = 8_388_608


class _UnreadableError(Exception):
    """An answer that cannot be read."""


def prometheus(check: Check, _: Past) -> Look:
    """Whether every value that a query has now is within its limits; no value is none that could be judged."""
    own = check.own
    try:
        found = _values(_asked(f"{own['url'].rstrip('/')}/api/v1/query", {"query": own["query"]}, check.timeout))
    except _UnreadableError as error:
        return Look(UNMEASURED, readable(f"{own['url']}: {error}"))
    numbers = [value for _, value in found if not math.isnan(value)]
    if not numbers:
        return Look(UNMEASURED, readable(f"{own['query']} has no value"))
    least, most = own["min"], own["max"]
    for name, value in found:
        if (least is not None and value < least) or (most is not None and value > most):
            allowed = f"at least {least:g}" if least is not None and value < least else f"at most {most:g}"
            return Look(FAIL, readable(f"{own['query']} is {value:g} ({name}), {allowed} is allowed"))
    told = f"{min(numbers):g} to {max(numbers):g}" if len(numbers) > 1 else f"{numbers[0]:g}"
    return Look(PASS, readable(f"{own['query']} is {told}"))


def alerts(check: Check, past: Past) -> Look:
    """Whether no alert with these labels fires that did not fire before; one that is silenced fires all the same."""
    own = check.own
    try:
        names = sorted({_told(labels) for labels in _firing(check) if _is_meant(labels, own["labels"], own["ignore"])})
    except _UnreadableError as error:
        return Look(UNMEASURED, readable(f"{own['url']}: {error}"))
    before = past.of(check.name).get("state") or []
    new = [name for name in names if name not in before] if past.baseline is not None else names
    if new:
        return Look(FAIL, readable(f"fires: {'; '.join(new)}"), state=names)
    return Look(PASS, readable(f"fired before already: {'; '.join(names)}" if names else "no alert fires"), state=names)


def _firing(check: Check) -> list[dict[str, str]]:
    base = check.own["url"].rstrip("/")
    if check.own["api"] == "alertmanager":
        every = {"active": "true", "silenced": "true", "inhibited": "true"}
        found = _asked(f"{base}/api/v2/alerts", every, check.timeout)
    else:
        answer = _data(_asked(f"{base}/api/v1/alerts", {}, check.timeout))
        found = answer.get("alerts") if isinstance(answer, dict) else None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise _UnreadableError("the answer has no list of alerts")
    firing = [one for one in found if one.get("state", "firing") == "firing"]
    return [{str(k): str(v) for k, v in (one.get("labels") or {}).items()} for one in firing]


def _is_meant(labels: dict[str, str], wanted: dict[str, str], ignored: tuple[str, ...]) -> bool:
    if labels.get("alertname", "") in ignored:
        return False
    return all(re.fullmatch(pattern, labels.get(name, "")) for name, pattern in wanted.items())


def _told(labels: dict[str, str]) -> str:
    rest = ", ".join(f"{key}={value}" for key, value in sorted(labels.items()) if key != "alertname")
    return f"{labels.get('alertname', 'an alert without a name')} ({rest})"


def _asked(url: str, query: dict[str, str], timeout: float) -> Any:
    whole = f"{url}?{urllib.parse.urlencode(query)}" if query else url
    asked = urllib.request.Request(whole, headers={"User-Agent": "patchtide", "Accept": "application/json"})  # noqa: S310  http and https only
    try:
        with urllib.request.urlopen(asked, timeout=timeout) as answer:  # noqa: S310  http and https only
            return json.loads(answer.read(_MOST_BYTES))
    except urllib.error.HTTPError as error:
        raise _UnreadableError(f"answered {error.code}: {error.read(500).decode(errors='replace')}") from error
    except (OSError, ValueError) as error:
        raise _UnreadableError(f"gave no answer that can be read: {error}") from error


def _data(answer: Any) -> Any:
    if not isinstance(answer, dict) or answer.get("status") != "success":
        said = answer.get("error", "no success") if isinstance(answer, dict) else "no answer of Prometheus"
        raise _UnreadableError(str(said))
    return answer.get("data")


def _values(answer: Any) -> list[tuple[str, float]]:
    """Each value of a query's answer with the labels that tell it apart."""
    data = _data(answer)
    kind: Any = data.get("resultType") if isinstance(data, dict) else None
    result: Any = data.get("result") if isinstance(data, dict) else None
    try:
        if kind == "scalar":
            return [("scalar", float(result[1]))]
        if kind == "vector":
            return [(json.dumps(one["metric"], sort_keys=True), float(one["value"][1])) for one in result]
    except (TypeError, ValueError, LookupError) as error:
        raise _UnreadableError(f"a value cannot be read: {error}") from error
    raise _UnreadableError(f"the query gives a {kind}, but one value for each series is wanted")
