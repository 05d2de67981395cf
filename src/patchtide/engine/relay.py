"""A socket that only a host of the inventory reaches, spoken to through that host."""

from collections.abc import Sequence

from patchtide.core.errors import PatchtideError
from patchtide.core.events import Status
from patchtide.core.steps import Step
from patchtide.documents import parsed
from patchtide.ports import Deed, Executor

RELAY = "relay"
_SECONDS = 120.0


def relayed(
    executor: Executor, inventory: tuple[str, ...], run_id: str, host: str, socket: str, commands: Sequence[str]
) -> list[str]:
    """Return what is answered to each command at a socket of a host; raises PatchtideError."""
    asked = {host: {"socket": socket, "commands": list(commands)}}
    deed = Deed(run_id, Step.ENTER, asked, f"{run_id}.{RELAY}", _SECONDS, inventory, RELAY)
    for report in executor.perform(deed):
        if report.host == host and report.status is Status.OK:
            answers = parsed(list[str], report.data.get("answers"), what=f"what {host} relays")
            if len(answers) == len(commands):
                return answers
        raise PatchtideError(f"{host} cannot pass on what is asked of {socket}: {report.reason or report.status}")
    raise PatchtideError(f"nothing was heard of {host}")
