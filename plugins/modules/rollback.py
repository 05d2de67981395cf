#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
---
module: rollback
short_description: Restore the state recorded before the update, and compare it
version_added: "0.1.0"
description:
  - Reinstalls the kept files, removes what came new, restores marks, holds, configuration files and services.
  - Then compares the whole recorded state and measures health. A run that changed nothing here is left alone.
  - Each method (solver, plain dpkg) is used at most once in a rollback; only a higher O(attempt) tries again after
    a failure.
options:
  run:
    description:
      - The run's id. The journal of everything done under it lies in C(/var/lib/patchtide/<run>/).
      - Lower-case letters, digits and dashes, at most 64.
    type: str
    required: true
  attempt:
    description:
      - The number of the controller's attempt. A lower one than the highest seen on this host is refused.
    type: int
    default: 1
  checks:
    description:
      - The health checks to judge the restored host by.
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
  deadline:
    description:
      - When the package manager is stopped, in seconds.
    type: float
    default: 1800
attributes:
  check_mode:
    support: full
    description: Says whether this run changed anything that would be restored.
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
- name: Put the host back
  patchtide.patchtide.rollback:
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
  description: How the way back ended.
  returned: always
  type: dict
  contains:
    outcome:
      description: V(restored), V(unverified) (state or health is not as before), V(failed) or V(nothing).
      returned: always
      type: str
    reason:
      description: Why.
      returned: always
      type: str
    differences:
      description: A sentence for everything not as recorded.
      returned: always
      type: list
    measurements:
      description: Each check's status (V(pass), V(fail), V(unmeasured)), detail, status before, number of looks and
        seconds.
      returned: always
      type: list
    reboot:
      description: Whether a reboot is owed (V(owed)) and the reasons (V(why)).
      returned: always
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.parameters import CHECK_OPTIONS
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.program import respond, rollback
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.rollback import BLANK


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "run": {"type": "str", "required": True},
            "attempt": {"type": "int", "default": 1},
            "checks": {"type": "list", "elements": "dict", "default": [], "options": CHECK_OPTIONS},
            "deadline": {"type": "float", "default": 1800},
        },
        supports_check_mode=True,
    )
    given = module.params
    respond(
        module,
        lambda: rollback(given["run"], given["attempt"], given["checks"], given["deadline"], module.check_mode),
        BLANK,
    )


if __name__ == "__main__":
    main()
