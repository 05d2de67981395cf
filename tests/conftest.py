"""What every test can rely on."""

from hypothesis import settings

# No test is timed: machines differ, and a slow one is not a wrong one.
settings.register_profile("patchtide", deadline=None)
settings.load_profile("patchtide")
