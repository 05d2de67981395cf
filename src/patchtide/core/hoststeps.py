"""What a step that begins, an end without one, and the wish to have it back make of a host."""

from patchtide.core.around import also
from patchtide.core.events import HostsSettled, StepStarted
from patchtide.core.frozen import replace
from patchtide.core.hoststate import HostState
from patchtide.core.steps import EndState, Step


def begun(host: HostState, event: StepStarted) -> HostState:
    """Return a host on which a step has been begun."""
    if event.step is Step.PROBE:  # a look at a host in doubt: the doubt stays until the host has answered
        return replace(host, last_try=event.at, tries=host.tries + 1)
    working = replace(
        host,
        next=event.step,
        started=event.step,
        last_try=event.at,
        tries=host.tries + 1,
        unclear=(),
        entered=host.entered or event.step is Step.ENTER,
        left=host.left and event.step is Step.LEAVE,
        changed=host.changed or event.step is Step.PATCH,  # from here on it may have, whatever is heard of it
    )
    match event.step:
        case Step.ROLLBACK:
            return replace(working, fate=None, end=None, reason=host.reason if host.failed else event.why)
        case Step.LEAVE if host.next is Step.ROLLBACK:
            return replace(working, fate=EndState.QUARANTINED, reason=also(host.reason, event.why))
        case _:
            return working


def settled(host: HostState, event: HostsSettled) -> HostState:
    """Return a host that ends without a step."""
    return replace(
        host, next=None, started=None, fate=None, end=event.end, reason=event.reason, failed=host.failed or event.failed
    )


def put_back(host: HostState, why: str) -> HostState:
    """Return a host that a person wants put back: at once, or after the step that it is at."""
    asked = replace(host, reason=why, end=None, lost_since=None, tries=0, unheard=0, leave_failures=0, unclear=())
    return asked if host.started is not None else turned(asked)


def turned(host: HostState) -> HostState:
    """Return a host whose next step is its way back."""
    return replace(host, next=Step.ROLLBACK, fate=None, end=None, reattach=False)
