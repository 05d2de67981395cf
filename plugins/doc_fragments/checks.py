"""What is said of health checks in every module that measures them."""

from __future__ import annotations


class ModuleDocFragment:
    """The option `checks`."""

    DOCUMENTATION = r"""
options:
  checks:
    description:
      - The health checks that are measured.
      - Each has O(checks[].name) and O(checks[].kind); times are seconds, shares are parts of one (V(0.2) is 20 %).
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
        choices:
          - http
          - tcp
          - dns
          - services
          - processes
          - listeners
          - mounts
          - disk
          - inodes
          - memory
          - load
          - journal
          - command
          - sql
          - prometheus
          - alerts
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
      failures:
        description: How many bad looks in a row break a stretch of health.
        type: int
        default: 1
      host:
        description: Address for V(http) and V(tcp).
        type: str
        default: 127.0.0.1
      port:
        description: Port for V(http) and V(tcp), and of the server for V(dns) (53).
        type: int
      path:
        description: Path for V(http); folder for V(disk) and V(inodes).
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
      lacks:
        description: A regular expression that must not match the answer to V(http), or what V(command) prints.
        type: str
      matches:
        description: A regular expression that has to match the answer to V(http), or what V(command) or V(sql) prints.
        type: str
      headers:
        description: For V(http), headers with regular expressions that have to match all of their values.
        type: dict
      certificate_days:
        description: For V(http), how many days the server's certificate has to be valid still.
        type: int
      latency_ms:
        description: For V(http), how long an answer may take, in milliseconds.
        type: int
      p50_within:
        description: For V(http), by which share the median of the time of answers may be above that before the update.
        type: float
      p95_within:
        description: The same for the 95th percentile. A rank test has to agree before it is called a difference.
        type: float
      samples:
        description: How many numbers are taken before and after the update where numbers are compared.
        type: int
        default: 30
      query:
        description: The name that V(dns) looks up; the query of V(prometheus).
        type: str
      type:
        description: What V(dns) asks for.
        type: str
        choices: [A, AAAA]
        default: A
      server:
        description: The server that V(dns) asks; the host's own resolver without one.
        type: str
      answers:
        description: Addresses that have to be among the answers to V(dns).
        type: list
        elements: str
      units:
        description: >-
          For V(services), V(unchanged) (what ran in the record runs now) or a list of unit names. For V(journal), the
          units whose entries count; all when left out.
        type: raw
        default: unchanged
      crash_window:
        description: For V(services), how long a service that was started has to run without being restarted.
        type: float
        default: 0
      items:
        description: >-
          For V(processes), V(listeners) and V(mounts), V(unchanged) (what was there before is there now) or a list of
          program names, ports or folders.
        type: raw
        default: unchanged
      free:
        description: How much has to be free for V(disk), V(inodes) and V(memory), in percent.
        type: float
      used_within:
        description: For V(memory), by which share more may be in use than before the update.
        type: float
      min:
        description: The least value of V(prometheus).
        type: float
      max:
        description: >-
          The largest value of V(prometheus); the largest V(load) per processor; the most entries in the V(journal) in
          a minute.
        type: float
      priority:
        description: How bad entries in the V(journal) have to be to count.
        type: str
        choices: [emerg, alert, crit, err, warning]
        default: err
      rate_within:
        description: For V(journal), by which share more entries may come than before the update.
        type: float
      argv:
        description: For V(command) and V(sql), the program and its arguments; there is no shell.
        type: list
        elements: str
      exit:
        description: For V(command), the exit code that means health.
        type: int
        default: 0
      password_file:
        description: >-
          For V(sql), a file on the host whose first line is the password; it reaches the client in its environment.
        type: str
      url:
        description: Where V(prometheus) or V(alerts) is asked.
        type: str
      api:
        description: Whose API V(alerts) speaks.
        type: str
        choices: [prometheus, alertmanager]
        default: prometheus
      labels:
        description: For V(alerts), labels with regular expressions that have to match all of their values.
        type: dict
      ignore:
        description: Names of V(alerts) that do not count.
        type: list
        elements: str
"""
