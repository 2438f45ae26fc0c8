"""The straight way to the hot routes: the same endpoints that the router would call, without the search.

An endpoint of `routes` that takes the request and nothing else needs no router, no dependency solver and
no exit stacks to be called; on the hot path those cost more than the prediction.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from iris_model_server.errors import Problem

Refusal = Callable[[Request, Problem], Awaitable[Response]]


class Straight:
    """Calls a hot route's endpoint itself and leaves every other request to the app."""

    def __init__(self, others: ASGIApp, routes: Iterable[APIRoute], refusal: Refusal) -> None:
        self._others = others
        self._routes = {(method, route.path): route for route in routes for method in route.methods or ()}
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._routes.get((scope["method"], scope["path"]))
        if route is None:
            await self._others(scope, receive, send)
            return
        scope["route"] = route
        request = Request(scope, receive)
        endpoint: Any = route.endpoint
        try:
            response: Response = await endpoint(request)
        except Problem as problem:
            response = await self._refusal(request, problem)
        await response(scope, receive, send)
