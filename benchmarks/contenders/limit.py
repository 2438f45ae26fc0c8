"""The limit: an ASGI app that reads the request and answers constant bytes. Arguments: port."""

import sys
from typing import Any, Final

import uvicorn

ANSWER: Final = (
    b'{"prediction":0,"prediction_label":"setosa","request_id":"9e78c5bd04514b1c9de501ebbf67531a",'
    b'"model_version":"1.4.0","probabilities":[0.9790426981632894,0.020957142708309565,1.591284009687676e-7]}'
)
HEADERS: Final = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(ANSWER))]


async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001  # the ASGI signature
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_level="error",
    )
