"""What is said of health checks in every module that measures them."""

from __future__ import annotations


class ModuleDocFragment:
    """The option `checks`."""

    DOCUMENTATION = r"""
options:
  checks:
    description:
      - The health checks that are measured.
      - Each has O(checks[].name) and O(checks[].kind); times are seconds.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The check's name, unique in the list.
        type: str
        required: true
      kind:
        description: What is looked at.
        type: str
        required: true
        choices: [http, tcp, services, command]
      warm_up:
        description: Pause before the first look.
        type: float
        default: 0
      every:
        description: Pause between looks.
        type: float
        default: 1
      healthy_for:
        description: How long looks have to pass without a break.
        type: float
        default: 0
      deadline:
        description: When to give up, counted from the first look.
        type: float
        default: 60
      timeout:
        description: The time limit of one look.
        type: float
        default: 5
      host:
        description: Address for V(http) and V(tcp).
        type: str
        default: 127.0.0.1
      port:
        description: Port for V(http) and V(tcp).
        type: int
      path:
        description: Path for V(http).
        type: str
        default: /
      scheme:
        description: Scheme for V(http). Certificates are not judged on the loopback address.
        type: str
        choices: [http, https]
        default: http
      status:
        description: The status code that V(http) has to answer; redirects are not followed.
        type: int
        default: 200
      contains:
        description: Text that the answer to V(http) has to hold.
        type: str
      units:
        description: For V(services), V(unchanged) (what ran in the record runs now) or a list of unit names.
        type: raw
        default: unchanged
      argv:
        description: For V(command), the program and its arguments; there is no shell.
        type: list
        elements: str
      exit:
        description: For V(command), the exit code that means health.
        type: int
        default: 0
"""
