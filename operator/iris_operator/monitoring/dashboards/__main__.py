"""Writes one of the chart's dashboards: `python -m iris_operator.monitoring.dashboards fleet`."""

import sys

from iris_operator.monitoring.dashboards import fleet, operator

BOARDS = {"fleet": fleet.build, "operator": operator.build}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in BOARDS:
        sys.exit(
            f"iris_operator.monitoring.dashboards: found {sys.argv[1:]}, expected one of {', '.join(BOARDS)}"
        )
    sys.stdout.write(BOARDS[sys.argv[1]]())
