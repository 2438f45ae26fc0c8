"""One request to one pod, directly and with a bounded answer."""

from typing import Any

import aiohttp

from iris_operator.observe.workload import Pod


class Failed(Exception):  # noqa: N818 - an outcome
    """Which pod, what was asked, found and expected."""


async def ask(
    session: aiohttp.ClientSession, pod: Pod, path: str, *, content: Any = None, most_bytes: int
) -> tuple[int, bytes]:
    """Status and body; with `content` a POST. Raises Failed."""
    host = f"[{pod.address}]" if ":" in str(pod.address) else pod.address
    url = f"http://{host}:{pod.port}{path}"
    method = "GET" if content is None else "POST"
    try:
        async with session.request(method, url, json=content, allow_redirects=False) as response:
            raw = b""
            async for part in response.content.iter_any():
                raw += part
                if len(raw) > most_bytes:
                    raise Failed(f"pod {pod.name}: {method} {path}: found more than {most_bytes} bytes")
            return response.status, raw
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise Failed(f"pod {pod.name}: {method} {path}: {str(error) or type(error).__name__}") from error
