"""kubectl's watches, as lines. Each is restarted when it ends: the API server closes it after a while."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final

from iris_local_cluster.kubectl import Kubectl

_PAUSE_SECONDS: Final = 0.5
_MODEL: Final = (
    "{.object.metadata.generation}",
    "{.object.status.observedGeneration}",
    '{.object.status.conditions[?(@.type=="Ready")].status}',
)
_ROLLOUT: Final = (
    "{.object.status.rollout.state}",
    "{.object.status.rollout.routedAt}",
    "{.object.status.rollout.weight}",
    "{.object.status.rollout.candidate.version}",
)
_POD: Final = (
    "{.type} pod {.object.metadata.name}",
    "{.object.spec.containers[0].image} at {.object.status.podIP}",
    'ready {.object.status.conditions[?(@.type=="Ready")].status}',
    "deleted {.object.metadata.deletionTimestamp}",
    "exit code {.object.status.containerStatuses[0].state.terminated.exitCode}",
)
_ENDPOINTS: Final = (
    "{.type} endpoints {.object.endpoints[*].addresses[0]}",
    "ready {.object.endpoints[*].conditions.ready}",
    "serving {.object.endpoints[*].conditions.serving}",
)


def of_model(name: str) -> tuple[str, ...]:
    """Lines of generation, observed generation and Ready."""
    return ("irismodel", f"--field-selector=metadata.name={name}", _output(_MODEL))


def of_rollout(name: str) -> tuple[str, ...]:
    """Lines of state, time of acceptance, percent and version once the Gateway has accepted the candidate's
    part of the requests, else of fewer words."""
    return ("irismodel", f"--field-selector=metadata.name={name}", _output(_ROLLOUT))


def of_pods(name: str) -> tuple[str, ...]:
    return ("pods", f"--selector=app.kubernetes.io/instance={name}", _output(_POD))


def of_endpoints(name: str) -> tuple[str, ...]:
    return ("endpointslices", f"--selector=kubernetes.io/service-name={name}", _output(_ENDPOINTS))


def _output(fields: Sequence[str]) -> str:
    return f'--output=jsonpath={" ".join(fields)}{{"\\n"}}'


@contextlib.asynccontextmanager
async def following(
    kubectl: Kubectl, namespace: str, receivers: Mapping[tuple[str, ...], Callable[[str], None]]
) -> AsyncIterator[None]:
    """While the block runs, each receiver gets the lines of its watch."""
    watching = [
        asyncio.create_task(_follow(kubectl, (*wanted, f"--namespace={namespace}"), receive))
        for wanted, receive in receivers.items()
    ]
    try:
        yield
    finally:
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)


async def _follow(kubectl: Kubectl, wanted: Sequence[str], receive: Callable[[str], None]) -> None:
    command = kubectl.command("get", *wanted, "--watch", "--output-watch-events")
    while True:
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            while process.stdout and (line := await process.stdout.readline()):
                receive(line.decode().strip())
        except asyncio.CancelledError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        finally:
            await process.wait()
        await asyncio.sleep(_PAUSE_SECONDS)
