"""Reads the resource usage of a process from the kernel."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU time and memory of one process since it started."""

    cpu_seconds: float
    memory_megabytes: float


def of(pid: int) -> Cost:
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text("utf-8")
    resident = next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS:"))
    return Cost((int(fields[11]) + int(fields[12])) / _TICKS, int(resident) / 1024)
