"""The straight way to the hot routes: the same endpoints that the router would call, without the search.

An endpoint of `routes` that takes the request and nothing else needs no router, no dependency solver, no
exit stacks and no middleware of the framework to be called; on the hot path those cost more than the
prediction. The edge stands around it as around every other route.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from iris_model_server.edge import Edge, Surroundings
from iris_model_server.errors import Problem

Refusal = Callable[[Request, Problem], Awaitable[Response]]


class Straight:
    """Calls a hot route's endpoint itself and leaves every other request to the framework."""

    def __init__(
        self, framework: ASGIApp, routes: Iterable[APIRoute], refusal: Refusal, surroundings: Surroundings
    ) -> None:
        self._framework = framework
        self._routes = {(method, route.path): route for route in routes for method in route.methods or ()}
        self._refusal = refusal
        self._hot = Edge(self._answer, surroundings)

    # Not a coroutine of its own: it hands on the one of whoever answers.
    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "http" and (scope["method"], scope["path"]) in self._routes:
            return self._hot(scope, receive, send)
        return self._framework(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = scope["route"] = self._routes[(scope["method"], scope["path"])]
        request = Request(scope, receive)
        endpoint: Any = route.endpoint
        try:
            response: Response = await endpoint(request)
        except Problem as problem:
            response = await self._refusal(request, problem)
        await response(scope, receive, send)
