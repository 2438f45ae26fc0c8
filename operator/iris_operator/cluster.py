"""The interface to the API server and its implementation: only this module imports the Kubernetes client.

Manifests are plain dicts. Every call has a timeout; a refusal is an errors.ClusterError with its code.
"""

import random
import urllib.request
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

import aiohttp
import msgspec
from iris_api.kinds import Kind
from kubernetes.aio import client, config

from iris_operator import errors, metrics

FIELD_MANAGER: Final = "iris-operator"
_TIMEOUT: Final = aiohttp.ClientTimeout(total=10.0)
# A bookmark comes about every minute: after a longer silence the connection is dead.
_WATCH_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=10.0, sock_read=180.0)
# The first revision of an empty etcd, before any write: no object can have it.
_NO_OBJECTS_VERSION: Final = "1"
# With its charset, bytes are sent as they are. Without it the client escapes to ASCII as JSON does, and the
# API server reads this type as YAML, which has no surrogate pairs.
_APPLY: Final = "application/apply-patch+yaml; charset=utf-8"

Body = dict[str, Any]


class Cluster(Protocol):
    """The operator's calls to a cluster. Every method may raise errors.ClusterError."""

    async def read(self, kind: Kind, namespace: str | None, name: str) -> Body | None:
        """The live object, or None; `namespace` is None for a kind of the whole cluster."""

    async def list(
        self, kind: Kind, namespace: str | None, selector: str | None
    ) -> tuple[Iterable[Body], int]:
        """Every object of a kind, in one namespace or (None) in all, to be read once, and the LIST's
        resourceVersion."""

    def watch(
        self, kind: Kind, namespace: str | None, selector: str | None, version: int
    ) -> AsyncIterator[tuple[str, Body]]:
        """What happens after `version` (ADDED, MODIFIED, DELETED, BOOKMARK), until the API server ends it.

        An errors.ClusterError of code 410 says that `version` is forgotten.
        """

    async def apply(
        self,
        kind: Kind,
        manifest: Body,
        *,
        subresource: str | None = None,
        manager: str = FIELD_MANAGER,
        absent: bool = False,
    ) -> Body:
        """Server-side apply of a whole intent, forced; returns the resulting object.

        `absent`: only if nothing of that name is there, else 409.
        """

    async def create(self, kind: Kind, manifest: Body) -> Body:
        """Create the object; 409 when it exists."""

    async def replace(self, kind: Kind, manifest: Body) -> Body:
        """Replace the object at the manifest's resourceVersion; 409 when it has changed."""

    async def delete(self, kind: Kind, body: Body) -> None:
        """Delete exactly this object (uid precondition); no error when it is gone already."""

    async def version(self) -> tuple[int, int]:
        """Major and minor version of the API server."""


class _Listed(msgspec.Struct):
    metadata: Body
    items: list[msgspec.Raw] | None = None

    def bodies(self, kind: Kind) -> Iterator[Body]:
        """Decode one object after the other: a thousand dicts at once take five times the answer's memory."""
        for item in self.items or ():
            body: Body = msgspec.json.decode(item)
            body["apiVersion"], body["kind"] = kind.api_version, kind.name  # the same in all items
            yield body


class ApiServer:
    """The real cluster. Use as an async context manager."""

    def __init__(self, configuration: Any) -> None:
        self._client = client.ApiClient(configuration)

    async def __aenter__(self) -> "ApiServer":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.close()

    async def read(self, kind: Kind, namespace: str | None, name: str) -> Body | None:
        try:
            return await self._call("GET", kind.path(namespace, name))
        except errors.ClusterError as error:
            if error.code == 404:
                return None
            raise

    async def list(
        self, kind: Kind, namespace: str | None, selector: str | None
    ) -> tuple[Iterable[Body], int]:
        query = [("labelSelector", selector)] if selector else []
        async with self._answer("GET", kind.path(namespace), query=query) as found:
            answer = msgspec.json.decode(await found.read(), type=_Listed)
        return answer.bodies(kind), int(answer.metadata["resourceVersion"])

    async def watch(
        self, kind: Kind, namespace: str | None, selector: str | None, version: int
    ) -> AsyncIterator[tuple[str, Body]]:
        query = [
            ("watch", "true"),
            ("resourceVersion", str(version)),
            ("allowWatchBookmarks", "true"),
            # Random as in Kubernetes' own clients, so that the watches of all replicas do not end together.
            ("timeoutSeconds", str(random.randint(300, 600))),  # noqa: S311
        ]
        if selector:
            query.append(("labelSelector", selector))
        async with self._answer("GET", kind.path(namespace), query=query, within=_WATCH_TIMEOUT) as answer:
            unfinished = b""
            async for part in answer.content.iter_any():
                *lines, unfinished = (unfinished + part).split(b"\n")
                for line in lines:
                    event = msgspec.json.decode(line)
                    if event["type"] == "ERROR":
                        status = event["object"]
                        raise errors.ClusterError(int(status.get("code", 0)), str(status.get("message", "")))
                    yield event["type"], event["object"]

    async def apply(
        self,
        kind: Kind,
        manifest: Body,
        *,
        subresource: str | None = None,
        manager: str = FIELD_MANAGER,
        absent: bool = False,
    ) -> Body:
        metadata = manifest["metadata"]
        if absent:  # an apply with a version creates only: an existing object has another version, so 409
            manifest = {**manifest, "metadata": {**metadata, "resourceVersion": _NO_OBJECTS_VERSION}}
        path = kind.path(metadata["namespace"], metadata["name"], subresource)
        query = [("fieldManager", manager), ("force", "true")]
        content = msgspec.json.encode(manifest)
        return await self._call("PATCH", path, query=query, body=content, content_type=_APPLY)

    async def create(self, kind: Kind, manifest: Body) -> Body:
        query = [("fieldManager", FIELD_MANAGER)]
        return await self._call(
            "POST", kind.path(manifest["metadata"]["namespace"]), query=query, body=manifest
        )

    async def replace(self, kind: Kind, manifest: Body) -> Body:
        path = kind.path(manifest["metadata"]["namespace"], manifest["metadata"]["name"])
        return await self._call("PUT", path, query=[("fieldManager", FIELD_MANAGER)], body=manifest)

    async def delete(self, kind: Kind, body: Body) -> None:
        metadata = body["metadata"]
        options = {"propagationPolicy": "Background", "preconditions": {"uid": metadata["uid"]}}
        try:
            await self._call("DELETE", kind.path(metadata["namespace"], metadata["name"]), body=options)
        except errors.ClusterError as error:
            if error.code != 404:
                raise

    async def version(self) -> tuple[int, int]:
        answer = await self._call("GET", "/version")
        return int(answer["major"]), int(answer["minor"].rstrip("+"))

    async def _call(
        self,
        method: str,
        path: str,
        *,
        query: Any = (),
        body: Body | bytes | None = None,
        content_type: str = "application/json",
    ) -> Body:
        async with self._answer(method, path, query=query, body=body, content_type=content_type) as found:
            answer: Body = msgspec.json.decode(await found.read())
            return answer

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        *,
        query: Any = (),
        body: Body | bytes | None = None,
        content_type: str = "application/json",
        within: aiohttp.ClientTimeout = _TIMEOUT,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The unread answer; errors.ClusterError for a refusal or no answer, also while it is read."""
        headers = {"Accept": "application/json", "Content-Type": content_type}
        request = await self._client.param_serialize(
            method, path, query_params=query, header_params=headers, body=body, auth_settings=["BearerToken"]
        )
        answered = False
        try:
            wrapped = await self._client.call_api(*request, _request_timeout=within)
            async with wrapped.response as response:
                answered = True
                metrics.api_answer(method, str(response.status))
                if response.status >= 300:
                    raise _refusal(response.status, await response.read(), response.headers)
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            if not answered:
                metrics.api_answer(method, "<error>")
            where = f"{method} {path}"
            raise errors.ClusterError(
                0, f"{where}: no answer: {str(error) or type(error).__name__}"
            ) from error


def _refusal(code: int, raw: bytes, headers: Mapping[str, str]) -> errors.ClusterError:
    causes: list[Body] = []
    try:
        answer = msgspec.json.decode(raw)
        message = str(answer["message"])
        causes = (answer.get("details") or {}).get("causes") or []
    except (ValueError, KeyError, TypeError):
        message = raw[:200].decode(errors="replace")
    ending = any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
    after = headers.get("Retry-After", "")
    return errors.ClusterError(
        code, message, retry_after=float(after) if after.isdecimal() else None, ending=ending
    )


async def connect(kubeconfig: str | None) -> ApiServer:
    """Connect by the kubeconfig file, else by the pod's service account. Raises errors.Unsupported."""
    configuration = client.Configuration()
    # No limit: each watch keeps a connection, and calls are bounded by the number of workers.
    configuration.connection_pool_maxsize = 0
    # Otherwise each call reads ~/.netrc in a thread: a tenth of the cost of a call.
    configuration.client_session_kwargs = {"trust_env": bool(urllib.request.getproxies())}
    try:
        if kubeconfig:
            await config.load_kube_config(config_file=kubeconfig, client_configuration=configuration)
        else:
            config.load_incluster_config(client_configuration=configuration)
    except config.ConfigException as error:
        raise errors.Unsupported(f"{kubeconfig or 'service account'}: {error}") from error
    return ApiServer(configuration)
