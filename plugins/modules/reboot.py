#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
---
module: reboot
short_description: Write down that a host is to reboot, and prove that it did
version_added: "0.1.0"
description:
  - Does not reboot by itself. With O(state=intended) it says in RV(report.wanted) whether the host is to reboot now,
    and writes that down first; with O(state=proven) it fails unless the reboot is the one that was meant.
  - A reboot is proven by another boot (boot id, or the start of PID 1 in a container), by the running kernel being
    the one that was expected, and by its reasons being gone.
  - A host that rebooted and owes the same reboot again is a failure, never another reboot.
options:
  state:
    description:
      - Which side of the reboot this is.
    type: str
    choices: [intended, proven]
    required: true
  when:
    description:
      - V(owed) wants a reboot where the update or the distribution asks for it, V(always) one after the update of
        this run, V(never) only reports.
    type: str
    choices: [owed, always, never]
    default: owed
  confirm:
    description:
      - In how many seconds after the reboot the host has to be confirmed, where M(patchtide.patchtide.apply) asked
        for that; with V(0) the span stays as it was.
    type: float
    default: 0
extends_documentation_fragment:
  - patchtide.patchtide.run
  - patchtide.patchtide.run.attempt
attributes:
  check_mode:
    support: full
    description: Says whether a reboot would be wanted.
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
- name: Write the intent down
  patchtide.patchtide.reboot:
    run: r-2026-11-21
    state: intended
  register: intent

- name: Reboot
  ansible.builtin.reboot:
  when: intent.report.wanted

- name: Prove it
  patchtide.patchtide.reboot:
    run: r-2026-11-21
    state: proven
"""

RETURN = r"""
report:
  description: What is owed, and what runs.
  returned: always
  type: dict
  contains:
    wanted:
      description: Whether the host is to reboot now.
      returned: always
      type: bool
    reason:
      description: What proves the reboot, or why it is not proven; empty where there was none.
      returned: always
      type: str
    reboot:
      description: Whether a reboot is owed (V(owed)) and the reasons (V(why)).
      returned: always
      type: dict
    kernel:
      description: The running kernel, the one that the next boot starts (null where V(note) says why it is unknown),
        and whether the host has a kernel of its own (V(own)).
      returned: always
      type: dict
    journal:
      description: The run's journal, as M(patchtide.patchtide.inspect) returns it.
      returned: always
      type: dict
    reverted:
      description: Whether the host was not confirmed in time and restored itself.
      returned: always
      type: bool
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.program import answered, call_of


def main() -> None:
    """Entry point."""
    call = call_of("reboot")
    module = AnsibleModule(argument_spec=call.options, supports_check_mode=call.in_check_mode)
    module.exit_json(**answered(call, module.params, module.check_mode))


if __name__ == "__main__":
    main()
