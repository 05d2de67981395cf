#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
---
module: maintenance
short_description: Enter maintenance mode on a host, and leave it
version_added: "0.1.0"
description:
  - On V(entered), masks and stops the updaters that are active (apt-daily timers, unattended-upgrades, packagekit),
    reboots included.
  - Then does the listed actions in their order, each noted in a journal with what was there before.
  - On V(left), undoes exactly what this run did, the last thing first, whichever actions are listed.
options:
  state:
    description:
      - Whether maintenance begins or ends.
    type: str
    required: true
    choices: [entered, left]
  actions:
    description:
      - "What is done besides: a V(flag) file (O(ignore:path), O(ignore:content), O(ignore:mode)), or a V(command) with
        its O(ignore:name), its words to O(ignore:enter) and to O(ignore:leave), and a O(ignore:timeout) in seconds."
    type: list
    elements: dict
    default: []
  hook:
    description:
      - Tasks of that name begin once this has returned. On V(left) only that they are undone is noted.
    type: str
    default: ""
extends_documentation_fragment:
  - patchtide.patchtide.run
  - patchtide.patchtide.run.attempt
attributes:
  check_mode:
    support: full
    description: Says which units would be stopped or given back.
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
- name: Pause competing updaters
  patchtide.patchtide.maintenance:
    run: r-2026-11-21
    state: entered
"""

RETURN = r"""
report:
  description: What was stopped and what was given back.
  returned: always
  type: dict
  contains:
    state:
      description: V(entered) or V(left).
      returned: always
      type: str
    stopped:
      description: The units that this run stopped.
      returned: always
      type: list
    restored:
      description: The units that were given back.
      returned: always
      type: list
    open:
      description: The names of what was entered besides and is not left; hooks with tasks among them.
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
    call = call_of("maintenance")
    module = AnsibleModule(argument_spec=call.options, supports_check_mode=call.in_check_mode)
    module.exit_json(**answered(call, module.params, module.check_mode))


if __name__ == "__main__":
    main()
