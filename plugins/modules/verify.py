#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
---
module: verify
short_description: Measure health against the host's own baseline
version_added: "0.1.0"
description:
  - Measures every check over time, and compares the installed packages with what the run left.
  - What could not be looked at is V(unmeasured), never a pass. What failed before the update already is no
    regression.
options:
  run:
    description:
      - The run's id. The journal of everything done under it lies in C(/var/lib/patchtide/<run>/).
      - Lower-case letters, digits and dashes, at most 64.
    type: str
    required: true
  checks:
    description:
      - The health checks.
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
  baseline:
    description:
      - Whether to compare with the record that the run made before the update.
    type: str
    choices: [run, none]
    default: run
  enforce:
    description:
      - Whether the module fails when health is not known to be good. The command line program judges by itself and
        passes V(false).
    type: bool
    default: true
attributes:
  check_mode:
    support: full
    description: The same; measuring changes nothing.
  diff_mode:
    support: none
    description: The report says what changed.
  platform:
    support: full
    platforms: Debian, Ubuntu
    description: Hosts with apt and dpkg; Python 3.8 or newer; systemd where there is one.
requirements:
  - python >= 3.8
author:
  - The Patchtide authors (@patchtide)
"""

EXAMPLES = r"""
- name: Judge the host's health
  patchtide.patchtide.verify:
    run: r-2026-11-21
    checks:
      - name: web
        kind: http
        port: 8080
        path: /healthz
      - name: units
        kind: services
"""

RETURN = r"""
report:
  description: What was measured.
  returned: always
  type: dict
  contains:
    measurements:
      description: Each check's status (V(pass), V(fail), V(unmeasured)), detail, status before, number of looks and
        seconds.
      returned: always
      type: list
    installed_ok:
      description: Whether every package of the run is as the run left it.
      returned: always
      type: bool
    differences:
      description: A sentence for each that is not, and for others that changed since the record.
      returned: always
      type: list
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.parameters import CHECK_OPTIONS
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.program import respond, verify
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.verification import BLANK


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "run": {"type": "str", "required": True},
            "checks": {"type": "list", "elements": "dict", "default": [], "options": CHECK_OPTIONS},
            "baseline": {"type": "str", "choices": ["run", "none"], "default": "run"},
            "enforce": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    given = module.params
    respond(module, lambda: verify(given["run"], given["checks"], given["baseline"], given["enforce"]), BLANK)


if __name__ == "__main__":
    main()
