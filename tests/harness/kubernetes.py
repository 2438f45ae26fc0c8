"""A tiny client for tests: plain dicts in and out, by kind and name, errors as the API server words them.

Independent of the product's own client on purpose: what the tests see is not filtered by what they test.
"""

import asyncio
import json
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import yaml

Manifest = dict[str, Any]
T = TypeVar("T")

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
# Quick at first, then more and more patient: many tests wait on one machine.
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5


class Refused(Exception):  # noqa: N818 - the API server said no: an answer, not an error of ours
    """The API server's verdict: HTTP status, reason and message."""

    def __init__(self, status: Mapping[str, Any]) -> None:
        super().__init__(status["message"])
        self.code: int = status["code"]
        self.reason: str = status.get("reason", "")
        self.message: str = status["message"]


@dataclass(frozen=True, slots=True)
class _Kind:
    prefix: str
    plural: str
    namespaced: bool


class Cluster:
    """One user's view of an API server; `namespace` is where names are looked up unless said otherwise."""

    def __init__(self, client: httpx.AsyncClient, namespace: str = "default") -> None:
        self.client = client
        self.namespace = namespace
        self._kinds: dict[str, _Kind] = {}

    async def get(self, kind: str, name: str, *, namespace: str = "", subresource: str = "") -> Manifest:
        return await self.request("GET", await self.path(kind, name, namespace, subresource))

    async def find(self, kind: str, name: str, *, namespace: str = "") -> Manifest | None:
        """As get, or None when it does not exist."""
        try:
            return await self.get(kind, name, namespace=namespace)
        except Refused as refusal:
            if refusal.code == httpx.codes.NOT_FOUND:
                return None
            raise

    async def list(self, kind: str, *, namespace: str = "", labels: str = "") -> list[Manifest]:
        path = await self.path(kind, "", namespace)
        answer = await self.request("GET", path, params={"labelSelector": labels})
        return list(answer["items"])

    async def watch(self, kind: str) -> AsyncIterator[tuple[str, Manifest]]:
        """ADDED, MODIFIED or DELETED and the object: first all that is there, then every change, for ever."""
        path = await self.path(kind)
        while True:
            with suppress(httpx.TransportError):
                async with self.client.stream("GET", path, params={"watch": "1"}, timeout=None) as answer:
                    async for line in answer.aiter_lines():
                        event = json.loads(line)
                        yield event["type"], event["object"]
            await asyncio.sleep(_SHORTEST_PAUSE)

    async def create(
        self, manifest: Mapping[str, Any], *, namespace: str = "", dry_run: bool = False
    ) -> Manifest:
        """Strict, as kubectl is: an unknown field is refused, not dropped. A dry run stores nothing."""
        path = await self.path(manifest["kind"], "", namespace)
        params = {"fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})
        return await self.request("POST", path, json=manifest, params=params)

    async def apply(
        self,
        manifest: Mapping[str, Any],
        *,
        namespace: str = "",
        manager: str = "test",
        subresource: str = "",
    ) -> Manifest:
        """Server-side apply, forced."""
        path = await self.path(manifest["kind"], manifest["metadata"]["name"], namespace, subresource)
        params = {"fieldManager": manager, "force": "true"}
        return await self.request(
            "PATCH", path, json=manifest, params=params, content_type="apply-patch+yaml"
        )

    async def patch(
        self, kind: str, name: str, patch: Mapping[str, Any], *, namespace: str = "", subresource: str = ""
    ) -> Manifest:
        """A JSON merge patch."""
        path = await self.path(kind, name, namespace, subresource)
        return await self.request("PATCH", path, json=patch, content_type="merge-patch+json")

    async def delete(self, kind: str, name: str, *, namespace: str = "", propagation: str = "") -> Manifest:
        options = {"propagationPolicy": propagation} if propagation else {}
        return await self.request("DELETE", await self.path(kind, name, namespace), params=options)

    async def request(
        self, method: str, path: str, *, json: object = None, params: Mapping[str, str] | None = None,
        content_type: str = "json",
    ) -> Manifest:  # fmt: skip
        """Any other call: a path as the API server has it, a dict back, Refused when it says no."""
        headers = {"Content-Type": f"application/{content_type}"}
        answer = await self.client.request(method, path, json=json, params=params, headers=headers)
        body: Manifest = answer.json()
        if answer.is_error:
            raise Refused(body)
        return body

    async def path(self, kind: str, name: str = "", namespace: str = "", subresource: str = "") -> str:
        """Where the API server keeps it."""
        if kind not in self._kinds:
            self._kinds = await self._discover()
        found = self._kinds[kind]
        place = f"namespaces/{namespace or self.namespace}" if found.namespaced else ""
        return "/" + "/".join(part for part in (found.prefix, place, found.plural, name, subresource) if part)

    async def _discover(self) -> dict[str, _Kind]:
        kinds: dict[str, _Kind] = {}
        for root in ("api", "apis"):
            answer = await self.client.get(f"/{root}", headers={"Accept": _DISCOVERY})
            for group in answer.json()["items"]:
                name, version = group["metadata"].get("name", ""), group["versions"][0]
                prefix = "/".join(part for part in (root, name, version["version"]) if part)
                for resource in version["resources"]:
                    kind = _Kind(prefix, resource["resource"], resource["scope"] == "Namespaced")
                    # The core group comes first: Event means the old Event.
                    kinds.setdefault(resource["responseKind"]["kind"], kind)
        return kinds


async def eventually(
    read: Callable[[], Awaitable[T]], holds: Callable[[T], object], *, within: float = 60.0
) -> T:
    """What was read once it holds; after `within` seconds an error that shows what was read last."""
    deadline = time.monotonic() + within
    pause = _SHORTEST_PAUSE
    while True:
        found = await read()
        if holds(found):
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not reached within {within:.0f} s; last seen: {found}")
        await asyncio.sleep(pause)
        pause = min(1.3 * pause, _LONGEST_PAUSE)


def client_of(kubeconfig: Path) -> httpx.AsyncClient:
    """An HTTP client with the address, certificate and token of a kubeconfig."""
    content = yaml.safe_load(kubeconfig.read_text("utf-8"))
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    verify = ssl.create_default_context(cafile=cluster["certificate-authority"])
    headers = {"Authorization": f"Bearer {user['token']}"}
    return httpx.AsyncClient(
        base_url=cluster["server"], headers=headers, verify=verify, timeout=10, trust_env=False
    )
