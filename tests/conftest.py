"""What every test can rely on."""

import signal

from hypothesis import settings

# No test is timed: machines differ, and a slow one is not a wrong one. The examples are the same each time, so that
# what was green stays green; `make fuzz` looks at others, by a seed.
settings.register_profile("patchtide", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None, print_blob=True)
settings.load_profile("patchtide")

# Who is started in the background, as by a pipeline, ignores these, and so would everything that a test starts.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)
