"""What every tier shares: reproducible property tests, and the fixtures of the real API server."""

from hypothesis import settings

pytest_plugins = ["tests.harness.fixtures"]

settings.register_profile("project", derandomize=True, deadline=None)
settings.load_profile("project")
