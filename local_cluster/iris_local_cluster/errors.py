"""One exception type for errors that a user can act on.

Its message is one whole line: what, what was found, what is needed. The command line prints it and
leaves with exit code 2; anything else that is raised is a fault of ours and keeps its traceback.
"""


class LocalClusterError(Exception):
    """Its message is one line for the user."""
