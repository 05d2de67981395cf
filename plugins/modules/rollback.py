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
  - Each method (solver, plain dpkg or rpm) is used at most once in a rollback; only a higher O(attempt) tries again
    after a failure.
options:
  deadline:
    description:
      - When the package manager is stopped, in seconds.
    type: float
    default: 1800
  confirm:
    description:
      - In how many seconds the host has to be heard again before it reboots into its configured network by itself,
        where that is not as recorded. M(patchtide.patchtide.maintenance) with V(left) ends this. With V(0) never.
    type: float
    default: 0
extends_documentation_fragment:
  - patchtide.patchtide.run
  - patchtide.patchtide.run.attempt
  - patchtide.patchtide.checks
attributes:
  check_mode:
    support: full
    description: Says whether this run changed anything that would be restored.
  diff_mode:
    support: none
    description: The report says what changed.
  platform:
    support: full
    platforms: Debian, Ubuntu, Fedora, RHEL
    description: Hosts with apt and dpkg, or dnf 4 and rpm; Python 3.8 or newer; systemd where there is one.
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
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.program import answered, call_of


def main() -> None:
    """Entry point."""
    call = call_of("rollback")
    module = AnsibleModule(argument_spec=call.options, supports_check_mode=call.in_check_mode)
    module.exit_json(**answered(call, module.params, module.check_mode))


if __name__ == "__main__":
    main()
