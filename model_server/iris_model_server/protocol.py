"""The HTTP parser's own refusal, in the words that every other error has.

What does not parse as HTTP never becomes a request, so no route and no edge sees it.
"""

from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from iris_model_server import errors
from iris_model_server.errors import Problem


class ProblemProtocol(HttpToolsProtocol):
    """uvicorn's protocol, but for the answer to what is not HTTP."""

    def send_400_response(self, msg: str) -> None:
        request_id = uuid4().hex
        problem = Problem(errors.NOT_HTTP, f"request: {msg.rstrip('.')}, expected HTTP/1.1")
        content = errors.body(problem, request_id)
        headers = (
            *self.server_state.default_headers,
            (b"content-type", errors.MEDIA_TYPE.encode("ascii")),
            (b"content-length", str(len(content)).encode("ascii")),
            (b"x-request-id", request_id.encode("ascii")),
            (b"connection", b"close"),
        )
        lines = (b"%b: %b\r\n" % header for header in headers)
        self.transport.write(b"".join((STATUS_LINE[problem.kind.status], *lines, b"\r\n", content)))
        self.transport.close()
