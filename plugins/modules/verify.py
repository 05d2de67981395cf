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
  confirm:
    description:
      - Whether a host that is well, and as the update left it, is confirmed, so that it does not restore itself (see
        the option O(patchtide.patchtide.apply#module:confirm)).
    type: bool
    default: false
  leave:
    description:
      - Whether a host that is well, and as the update left it, leaves maintenance mode at once, as
        M(patchtide.patchtide.maintenance) does.
    type: bool
    default: false
extends_documentation_fragment:
  - patchtide.patchtide.run
  - patchtide.patchtide.run.attempt
  - patchtide.patchtide.checks
attributes:
  check_mode:
    support: full
    description: The same, but the host is not confirmed and stays in maintenance mode; measuring changes nothing.
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
    confirmed:
      description: Whether the host stays as it is from now on, where that was asked for.
      returned: always
      type: bool
    left:
      description: Whether the host left maintenance mode, where that was asked for.
      returned: always
      type: bool
    stale:
      description: Services that still run replaced files, with some of these.
      returned: always
      type: list
    reverted:
      description: Whether the host was not confirmed in time and restored itself.
      returned: always
      type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.program import answered, call_of


def main() -> None:
    """Entry point."""
    call = call_of("verify")
    module = AnsibleModule(argument_spec=call.options, supports_check_mode=call.in_check_mode)
    module.exit_json(**answered(call, module.params, module.check_mode))


if __name__ == "__main__":
    main()
