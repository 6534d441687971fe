"""Settings of all tests."""

from hypothesis import settings

# a deadline would measure the load of the machine, not the code
settings.register_profile("steady", deadline=None)
settings.load_profile("steady")
