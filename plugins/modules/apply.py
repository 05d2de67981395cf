#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
---
module: apply
short_description: Install the staged files, exactly those, in a unit of their own
version_added: "0.1.0"
description:
  - Records the host's state (packages, marks, holds, configuration files, services, health), then installs the
    staged files.
  - The transaction runs in a transient systemd unit, so that it outlives a lost connection; a second call waits for
    it or returns its outcome.
  - Hashes are verified again right before. Any other package that changed makes the outcome V(failed).
  - A failed update is left as it is, for M(patchtide.patchtide.rollback).
options:
  packages:
    description:
      - The packages of the plan, exactly these versions and files.
      - Each has C(name), C(arch), C(version), C(filename), C(size) (bytes), C(sha256), and C(previous), the version
        it replaces (null where it comes new).
      - What M(patchtide.patchtide.probe) returns as C(pending) can be passed as it is; other keys are ignored. What
        has to leave for an update is named in O(removes), or the update is refused.
    type: list
    elements: dict
    required: true
  removes:
    description:
      - The installed packages that leave, each with C(name), C(arch) and C(version), as they were staged.
      - Their settings are kept, and their files go with the way back.
    type: list
    elements: dict
    default: []
  deadline:
    description:
      - When the package manager is stopped, in seconds.
    type: float
    default: 1800
  confirm:
    description:
      - In how many seconds from the begin of the update on M(patchtide.patchtide.verify) has to confirm it, before
        the host restores itself; counted anew after each boot. With V(0) it never does. Needs systemd.
    type: float
    default: 0
  way_back:
    description:
      - How many seconds the way back may take when the host restores itself.
    type: float
    default: 1800
  renew:
    description:
      - Whether services that still run files which the update replaced are restarted right after it. Those whose
        restart would cut somebody off (dbus, logind, consoles, the network) become a reason for a reboot instead.
    type: bool
    default: false
  keep:
    description:
      - Units that O(renew) leaves alone, for example C(postgresql@15-main.service).
    type: list
    elements: str
    default: []
  enter:
    description:
      - Whether maintenance mode is entered first, as M(patchtide.patchtide.maintenance) does, unless the update has
        begun already. Where it cannot be entered nothing is installed.
    type: bool
    default: false
  actions:
    description:
      - What is done besides on entering, as M(patchtide.patchtide.maintenance) takes it.
    type: list
    elements: dict
    default: []
extends_documentation_fragment:
  - patchtide.patchtide.run
  - patchtide.patchtide.run.attempt
  - patchtide.patchtide.checks
attributes:
  check_mode:
    support: full
    description: Says whether packages would be installed, from what is installed now.
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
- name: Install what was staged
  patchtide.patchtide.apply:
    run: r-2026-11-21
    packages:
      - name: openssl
        arch: amd64
        version: 3.0.17-1~deb12u3
        filename: openssl_3.0.17-1~deb12u3_amd64.deb
        size: 1441784
        sha256: 5cdf0b735b1c8a96ae0bf83ed328c83c2170f8320dedb035e98705b60b2d0cfe
        previous: 3.0.17-1~deb12u2
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
  description: How the transaction ended.
  returned: always
  type: dict
  contains:
    outcome:
      description: V(applied), V(failed) or V(nothing).
      returned: always
      type: str
    reason:
      description: Why it failed, or why there was nothing to do.
      returned: always
      type: str
    installed:
      description: The packages now at their version.
      returned: always
      type: list
    reboot:
      description: Whether a reboot is owed (V(owed)) and the reasons (V(why)).
      returned: always
      type: dict
    kernel:
      description: The running kernel and the one that the next boot starts.
      returned: always
      type: dict
    unit:
      description: The transaction's unit.
      returned: always
      type: str
    started:
      description: UTC start.
      returned: always
      type: str
    finished:
      description: UTC end.
      returned: always
      type: str
    log_tail:
      description: The end of the package manager's output.
      returned: always
      type: str
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
    call = call_of("apply")
    module = AnsibleModule(argument_spec=call.options, supports_check_mode=call.in_check_mode)
    module.exit_json(**answered(call, module.params, module.check_mode))


if __name__ == "__main__":
    main()
