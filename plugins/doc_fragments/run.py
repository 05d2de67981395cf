"""What is said of a run in every module that works for one."""

from __future__ import annotations


class ModuleDocFragment:
    """The options `run` and, as `run.attempt`, `attempt`."""

    DOCUMENTATION = r"""
options:
  run:
    description:
      - The run's id. The journal of everything done under it lies in C(/var/lib/patchtide/<run>/).
      - Lower-case letters, digits and dashes, at most 64.
    type: str
    required: true
"""

    ATTEMPT = r"""
options:
  attempt:
    description:
      - The number of the controller's attempt. A lower one than the highest seen on this host is refused.
    type: int
    default: 1
"""
