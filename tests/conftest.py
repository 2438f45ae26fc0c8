"""What every tier shares: reproducible property tests, and the fixtures of the real API server."""

import signal

from hypothesis import settings

pytest_plugins = ["tests.harness.fixtures"]

settings.register_profile("project", derandomize=True, deadline=None)
settings.load_profile("project")

# A shell that runs its command in the background (CI, nohup) makes it ignore Ctrl-C, and so all its children.
signal.signal(signal.SIGINT, signal.default_int_handler)
