"""Asks the pods over HTTP which version they serve; it is never copied from the spec.

It is the only module that talks to pods. An answer is valid for one container's life and asked for again
after `RETAKE_SECONDS`, because a server can be asked to reload its model. An answer with another version
than the declared one is valid for `DOUBT_SECONDS` only, because a reload may be under way.
"""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from iris_operator.observe import pod_http, pod_metrics, reference
from iris_operator.observe.agreement import Agreement, NoAnswer
from iris_operator.observe.traffic import PodTraffic
from iris_operator.observe.workload import Pod

PATH: Final = "/api/v1/model/info"
RETAKE_SECONDS: Final = 300.0
DOUBT_SECONDS: Final = 10.0
_TIMEOUT: Final = aiohttp.ClientTimeout(total=3.0)
_LARGEST_ANSWER: Final = 65_536
_AT_ONCE: Final = 64


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer of one pod, or why it gave none (`failure`)."""

    version: str = ""
    digest: str = ""
    pickle: str = ""  # what the server says it does with pickles; empty: a release without Deny
    signed_by: str = ""  # the key of spec.verify that signed the model
    failure: str = ""


class Prover:
    """Asks pods for their version. Use as an async context manager. `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._taken: dict[str, tuple[str, float, Proof]] = {}  # by pod uid: container, when, what
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def __aenter__(self) -> "Prover":
        # Connect to pods directly, never through a proxy of the environment.
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def prove(self, pods: Iterable[Pod], model: str, version: str) -> Mapping[str, Proof]:
        """The proof of every ready pod with an address, by pod uid; `version` is the declared one."""
        askable = [pod for pod in pods if pod.ready and pod.address]
        answers = await asyncio.gather(*(self._one(pod, model, version) for pod in askable))
        return {pod.uid: answer for pod, answer in zip(askable, answers, strict=True)}

    async def compare(self, stable: Pod, candidate: Pod) -> Agreement | NoAnswer:
        """Of two pods, on the candidate's reference rows."""
        async with self._slots:
            return await reference.compare(self._open(), stable, candidate)

    async def traffic(self, pods: Iterable[Pod], *, milliseconds: int) -> Sequence[PodTraffic]:
        """What each of these pods has counted. Raises pod_http.Failed if one of them cannot be read."""

        async def one(pod: Pod) -> PodTraffic:
            async with self._slots:
                return await pod_metrics.read(self._open(), pod, milliseconds=milliseconds)

        return await asyncio.gather(*(one(pod) for pod in pods))

    def forget(self, uids: Iterable[str]) -> None:
        """Forget pods that no longer exist."""
        for uid in uids:
            self._taken.pop(uid, None)

    async def _one(self, pod: Pod, model: str, version: str) -> Proof:
        now = self._clock()
        container, taken_at, known = self._taken.get(pod.uid, ("", 0.0, Proof()))
        lifetime = DOUBT_SECONDS if pod.newest and known.version != version else RETAKE_SECONDS
        if container == pod.container_id and container and now - taken_at < lifetime:
            return known
        async with self._slots:
            proof = await self._ask(pod, model)
        if not proof.failure:
            self._remember(pod, now, proof)
        return proof

    def _remember(self, pod: Pod, now: float, proof: Proof) -> None:
        """Keep the order of asking, so that pods that are long gone are dropped first."""
        self._taken.pop(pod.uid, None)
        self._taken[pod.uid] = (pod.container_id, now, proof)
        for uid, (_, taken_at, _) in list(itertools.islice(self._taken.items(), 2)):
            if now - taken_at >= RETAKE_SECONDS:
                del self._taken[uid]

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("a Prover is used as an async context manager")
        return self._session

    async def _ask(self, pod: Pod, model: str) -> Proof:
        try:
            status, raw = await pod_http.ask(self._open(), pod, PATH, most_bytes=_LARGEST_ANSWER)
        except pod_http.Failed as failed:
            return Proof(failure=str(failed))
        if status != 200:
            return Proof(failure=f"pod {pod.name}: GET {PATH}: found {status}, expected 200")
        return _parse(pod, raw, model)


def _parse(pod: Pod, raw: bytes, model: str) -> Proof:
    try:
        answer = json.loads(raw)
        name, version, digest = str(answer["name"]), str(answer["version"]), str(answer["digest"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return Proof(failure=f"pod {pod.name}: GET {PATH}: found no name, version and digest in the answer")
    if name != model:
        return Proof(failure=f"pod {pod.name}: answers for model {name!r}, expected {model!r}")
    of_later = {name: str(answer.get(name, "")) for name in ("pickle", "signed_by")}
    return Proof(version=version, digest=digest, **of_later)
