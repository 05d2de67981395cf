#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
---
module: inspect
short_description: Read what a run's journal on the host says
version_added: "0.1.0"
description:
  - Reads the journal of one run, and whether a transaction that says it runs is alive. Changes nothing.
extends_documentation_fragment:
  - patchtide.patchtide.run
attributes:
  check_mode:
    support: full
    description: The same; reading changes nothing.
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
- name: Look at the run on this host
  patchtide.patchtide.inspect:
    run: r-2026-11-21
"""

RETURN = r"""
report:
  description: The journal.
  returned: always
  type: dict
  contains:
    journal:
      description: Run, attempt, stage, maintenance, patch, confirm, reboot, rollback, boot now and boot before the
        update; null where the run left nothing.
      returned: always
      type: dict
    reboot:
      description: Whether a reboot is owed (V(owed)) and the reasons (V(why)).
      returned: always
      type: dict
    kernel:
      description: The running kernel, the one that the next boot starts (null where V(note) says why it is unknown),
        and whether the host has a kernel of its own (V(own)).
      returned: always
      type: dict
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.program import answered, call_of


def main() -> None:
    """Entry point."""
    call = call_of("inspect")
    module = AnsibleModule(argument_spec=call.options, supports_check_mode=call.in_check_mode)
    module.exit_json(**answered(call, module.params, module.check_mode))


if __name__ == "__main__":
    main()
