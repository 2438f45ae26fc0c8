"""Runs the user's Helm 4 from PATH, with failures in one line."""

import shutil
import subprocess

from iris_delivery.errors import Refused


def program() -> str:
    """The path of helm; refused when it is missing or has another major version."""
    found = shutil.which("helm")
    if found is None:
        raise Refused("helm", "not found", "expected Helm 4 on PATH")
    answer = subprocess.run(
        [found, "version", "--template={{.Version}}"], capture_output=True, text=True, check=False
    )
    if not answer.stdout.startswith("v4."):
        raise Refused(f"helm ({found})", f"found {answer.stdout.strip() or 'no version'}", "expected Helm 4")
    return found


def reason(errors: str) -> str:
    """Why it failed, in one line: the last error and what follows it, else the last line."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    begins = [number for number, line in enumerate(lines) if line.startswith("Error: ")]
    words = lines[begins[-1] :] if begins else lines[-1:]
    return " ".join(words).removeprefix("Error: ") or "no message"
