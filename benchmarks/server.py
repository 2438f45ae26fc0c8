"""Requests per second of the model server beside the best peer and the limit, in one run on one machine.

One process on one core, the load generator on the other, interleaved repeats, every answer checked for
correctness before anything is timed. Figures go to standard output, one JSON line each.
"""

import argparse
import contextlib
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
PEERS: Final = HERE.parent / ".local" / "peers"
ROW: Final = (5.1, 3.5, 1.4, 0.2)
NAMES: Final = ("sepal_length", "sepal_width", "petal_length", "petal_width")
DEADLINE: Final = 90.0
TOLERANCE: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Contender:
    """How to start it, where to ask, with what; what it stands for."""

    name: str
    command: Sequence[str]
    path: str
    body: Mapping[str, Any]
    environment: Mapping[str, str]


def contenders(card: Mapping[str, Any], folder: Path) -> list[Contender]:
    ours = [sys.executable, "-m", "iris_model_server", "--port"]
    flower = dict(zip(NAMES, ROW, strict=True))
    variables = {"IRIS_ARTIFACT_DIR": str(folder), "IRIS_EXPECTED_VERSION": card["version"]}
    peer = [str(PEERS / "kserve" / "bin" / "python"), str(HERE / "contenders" / "kserve_v1.py")]
    predict = "/api/v1/predict"
    return [
        Contender("limit", [sys.executable, str(HERE / "contenders" / "limit.py")], predict, flower, {}),
        Contender("kserve-v1", peer, "/v1/models/iris:predict", {"instances": [ROW]}, {}),
        Contender("fast_path", ours, predict, flower, variables | {"IRIS_FAST_PATH": "Auto"}),
        Contender("reference", ours, predict, flower, variables | {"IRIS_FAST_PATH": "Off"}),
    ]


@contextlib.contextmanager
def running(contender: Contender, *options: str) -> Iterator[str]:
    """Its url, once it answers."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    process = subprocess.Popen(
        ["taskset", "-c", "0", *contender.command, port, *options],
        env={**os.environ, **contender.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + DEADLINE
        url = f"http://127.0.0.1:{port}{contender.path}"
        while True:
            with contextlib.suppress(OSError):
                ask(url, contender.body)
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{contender.name}: no answer, expected one within {DEADLINE:g} s")
            time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()


def ask(url: str, body: Mapping[str, Any]) -> Any:
    request = urllib.request.Request(  # noqa: S310  # loopback
        url, json.dumps(body).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310  # loopback
        return json.load(response)


def verify(name: str, answer: Any, expected: Sequence[float]) -> None:
    """The limit answers constant bytes; all others must be right before they are timed."""
    found = answer["predictions"][0] if "predictions" in answer else answer["probabilities"]
    if name != "limit" and max(abs(a - b) for a, b in zip(found, expected, strict=True)) > TOLERANCE:
        raise RuntimeError(f"{name}: {found}, expected {expected}")


def rate(url: str, body: Mapping[str, Any], seconds: int, script: Path) -> float:
    lines = (
        f"wrk.method='POST'\nwrk.headers['content-type']='application/json'\nwrk.body='{json.dumps(body)}'\n"
    )
    script.write_text(lines, encoding="utf-8")
    command = ["taskset", "-c", "1", "wrk", "-t1", "-c32", f"-d{seconds}", "-s", str(script), url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in told or "Socket errors" in told:
        raise RuntimeError(f"{url}: {told}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", told)
    if found is None:
        raise RuntimeError(f"wrk: {told}, expected Requests/sec")
    return float(found[1])


def measure(folder: Path, version: str, repeats: int, seconds: int) -> dict[str, list[float]]:
    card = json.loads((folder / f"model_pipeline_{version}.json").read_text(encoding="utf-8"))
    joblib = str(folder / card["artifact"]["file"])
    rates: dict[str, list[float]] = {}
    script = PEERS / "post.lua"
    with contextlib.ExitStack() as stack:
        urls: dict[str, tuple[str, Mapping[str, Any]]] = {}
        for contender in contenders(card, folder):
            options = [joblib] if contender.name.startswith("kserve") else []
            urls[contender.name] = (stack.enter_context(running(contender, *options)), contender.body)
        expected = ask(*urls["fast_path"])["probabilities"]
        golden = [entry["probabilities"] for entry in card["golden"] if tuple(entry["input"]) == ROW]
        for name, (url, body) in urls.items():
            verify(name, ask(url, body), golden[0] if golden else expected)
        for number in range(repeats):
            for name, (url, body) in urls.items():
                rates.setdefault(name, []).append(rate(url, body, seconds, script))
            sys.stderr.write(
                f"repeat {number + 1}: { {name: round(all_[-1]) for name, all_ in rates.items()} }\n"
            )
    return rates


def figures(rates: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """The median of the ratios, repeat by repeat, for noise moves a repeat as a whole."""
    made = []
    for name in ("fast_path", "reference"):
        against = {
            other: statistics.median(a / b for a, b in zip(rates[name], rates[other], strict=True))
            for other in ("kserve-v1", "limit")
        }
        made.append(
            {
                "figure": f"server.{name}",
                "value": round(statistics.median(rates[name])),
                "unit": "req/s",
                "times_best_peer": round(against["kserve-v1"], 2),
                "times_limit": round(against["limit"], 3),
                "best_peer": "kserve-v1",
                "repeats": [round(value) for value in rates[name]],
            }
        )
    return made


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--artifacts", type=Path, default=Path("artifacts"))
    parser.add_argument("--version", default="1.4.0")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    options = parser.parse_args()
    rates = measure(options.artifacts, options.version, options.repeats, options.seconds)
    for figure in figures(rates):
        sys.stdout.write(json.dumps(figure) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
