#!/usr/bin/python
# SPDX-License-Identifier: Apache-2.0

from __future__ import annotations

DOCUMENTATION = r"""
---
module: relay
short_description: Pass commands on to a socket that this host reaches
version_added: "0.1.0"
description:
  - Sends each command to the socket, over a connection of its own, and returns what is answered until that is closed.
  - It is meant for the runtime API of HAProxy, where the load balancer's socket is reached from its own host only.
options:
  socket:
    description:
      - The path of the socket, or V(host:port).
    type: str
    required: true
  commands:
    description:
      - The commands, one line each.
    type: list
    elements: str
    required: true
attributes:
  check_mode:
    support: none
    description: What a command does is not known here.
  diff_mode:
    support: none
    description: The report has the answers.
  platform:
    support: full
    platforms: Debian, Ubuntu, Fedora, RHEL
    description: Hosts with Python 3.8 or newer.
requirements:
  - python >= 3.8
author:
  - The Patchtide authors (@patchtide)
"""

EXAMPLES = r"""
- name: Take a server out of service
  patchtide.patchtide.relay:
    socket: /run/haproxy/admin.sock
    commands:
      - set server web/web1 state drain
"""

RETURN = r"""
report:
  description: What was answered.
  returned: always
  type: dict
  contains:
    answers:
      description: The answer to each command.
      returned: always
      type: list
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.patchtide.patchtide.plugins.module_utils.host.program import answered, call_of


def main() -> None:
    """Entry point."""
    call = call_of("relay")
    module = AnsibleModule(argument_spec=call.options, supports_check_mode=call.in_check_mode)
    module.exit_json(**answered(call, module.params, module.check_mode))


if __name__ == "__main__":
    main()
