"""A TCP relay to an API server that a test can cut, as a network does."""

import asyncio
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

import yaml


class Relay:
    """Listens on one port of 127.0.0.1 for the block, but not while it is cut."""

    def __init__(self, kubeconfig: Path) -> None:
        self._content: dict[str, Any] = yaml.safe_load(kubeconfig.read_text("utf-8"))
        self._target = urlsplit(self._content["clusters"][0]["cluster"]["server"])
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._port = 0

    async def __aenter__(self) -> "Relay":
        await self.restore()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.cut()

    def write_kubeconfig(self, path: Path) -> Path:
        """The same user, by way of the relay."""
        settings = self._content["clusters"][0]["cluster"]
        settings["server"] = f"https://127.0.0.1:{self._port}"
        settings["tls-server-name"] = self._target.hostname
        path.write_text(yaml.safe_dump(self._content), "utf-8")
        return path

    async def restore(self) -> None:
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Close every connection, and refuse new ones."""
        if self._server is not None:
            self._server.close()
        for writer in self._open:
            writer.close()
        self._open.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(self._target.hostname, self._target.port)
        self._open |= {writer, far_writer}
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while content := await reader.read(65536):
            writer.write(content)
            await writer.drain()
    writer.close()
