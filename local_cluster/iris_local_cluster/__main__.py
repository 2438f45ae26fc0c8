"""`python -m iris_local_cluster`: the same as the command `iris-local-cluster`."""

import sys

from iris_local_cluster import cli

sys.exit(cli.main())
