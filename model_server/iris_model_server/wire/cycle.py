"""uvicorn's request-response cycle and flow control, with our extensions."""

import asyncio
from collections.abc import Callable
from itertools import chain
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from iris_model_server.wire import responses


class Cycle(RequestResponseCycle):
    """uvicorn's cycle, which can also send a whole answer at once."""

    async def send(self, message: Any) -> None:
        if responses.WHOLE not in message:
            await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        # The same bytes as uvicorn's two messages, without checking our own headers again.
        headers = [*self.default_headers, *message["headers"]]
        if (b"connection", b"close") in headers:
            self.keep_alive = False
        elif not self.keep_alive:
            headers.append((b"connection", b"close"))
        head = b"%b: %b\r\n" * len(headers) % tuple(chain.from_iterable(headers))
        content = b"" if self.scope["method"] == "HEAD" else message[responses.WHOLE]
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[message["status"]], head, content))
        self.waiting_for_100_continue = False
        self.response_started = self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()


class Outlet:
    """A connection's transport for a cycle, with the connection's own close."""

    __slots__ = ("close", "is_closing", "write")

    def __init__(self, transport: asyncio.Transport, close: Callable[[], None]) -> None:
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = close


class Flow(FlowControl):
    """uvicorn's flow control, in which reading stays paused while requests wait for their turn.

    uvicorn resumes reading with every answer and every request body that an application takes. A client that
    sends quicker than it is answered would fill the memory.
    """

    held = False

    def resume_reading(self) -> None:
        if self.read_paused and not self.held:
            super().resume_reading()
