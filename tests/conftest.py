"""What every test can rely on."""

import signal

from hypothesis import settings

# No test is timed: machines differ, and a slow one is not a wrong one.
settings.register_profile("patchtide", deadline=None)
settings.load_profile("patchtide")

# Who is started in the background, as by a pipeline, ignores these, and so would everything that a test starts.
for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, handler)
