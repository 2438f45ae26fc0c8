"""What a user of the local cluster can do something about, as one exception type.

Its message is one whole line: what, what was found, what is needed. The command line prints it and
leaves with exit code 2; anything else that is raised is a fault of ours and keeps its traceback.
"""


class LocalClusterError(Exception):
    """One clear line for the user."""
