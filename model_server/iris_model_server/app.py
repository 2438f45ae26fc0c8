"""Builds the app from settings and an artifact. Nothing happens at import."""

import dataclasses
import logging
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware

from iris_model_server import errors
from iris_model_server.access import clients
from iris_model_server.access.clients import Access
from iris_model_server.errors import Problem
from iris_model_server.model.artifact import Artifact
from iris_model_server.prediction.execution import Execution
from iris_model_server.prediction.serving import Serving
from iris_model_server.protocols import native, openapi, standards
from iris_model_server.protocols.inference import Inference
from iris_model_server.protocols.v1 import V1
from iris_model_server.protocols.v2 import V2
from iris_model_server.settings import Settings
from iris_model_server.telemetry.access_log import AccessLog, Sink
from iris_model_server.telemetry.metrics import Metrics
from iris_model_server.wire import cors, middleware
from iris_model_server.wire.middleware import Context


@dataclass(frozen=True, slots=True)
class Server:
    """The app and the parts that the process uses."""

    app: FastAPI
    serving: Serving
    log: AccessLog
    context: Context
    inference: Inference
    v2: V2


def create_app(settings: Settings, artifact: Artifact | None, sink: Sink | None = None) -> Server:
    """An app that serves the artifact; without one it is alive but not ready."""
    metrics = Metrics()
    serving = Serving(settings, metrics)
    if artifact is not None:
        serving.serve(artifact)
    access = (
        Access(clients.read(settings.access_file), metrics.of_clients()) if settings.access_file else None
    )
    log = AccessLog(sink or sys.stdout.buffer)
    context = Context(
        serving=serving,
        metrics=metrics,
        log=log,
        level=getattr(logging, settings.log_level.upper()),
        most_bytes=settings.max_body_bytes,
        origins=settings.cors_origins,
        root_path=settings.root_path or "",
        access=access,
    )
    execution = Execution(settings)
    inference = Inference(serving, execution, settings.max_batch_rows)
    framework = _framework(context)
    most_rows = settings.max_batch_rows
    v2 = V2(serving, execution, most_rows)
    for router in (
        # Routes are tried in order, so predictions come first.
        native.predictions(inference),
        standards.open_inference(serving, v2),
        standards.kserve(serving, V1(serving, execution, most_rows)),
        native.model(serving, settings),
        native.probes(serving, metrics),
        native.site(framework),
    ):
        _answer_head(router)
        framework.include_router(router)
    return Server(framework, serving, log, context, inference, v2)


def create_management_app(settings: Settings, server: Server) -> FastAPI:
    """The app of the management port: what operator, Prometheus and kubelet ask, without keys and pages."""
    framework = _framework(dataclasses.replace(server.context, origins=(), root_path="", access=None))
    for router in (
        native.probes(server.serving, server.context.metrics),
        native.model(server.serving, settings),
        # The operator compares a candidate with the version before on reference rows.
        native.batch(server.inference),
    ):
        _answer_head(router)
        framework.include_router(router)
    return framework


def _framework(context: Context) -> FastAPI:
    """FastAPI with the handlers around every route, without routes yet."""
    return FastAPI(
        title=openapi.TITLE,
        version=metadata.version("iris-model-server"),
        docs_url=None,
        openapi_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # Generated clients name their methods so: predict, predict_batch, model_info.
        generate_unique_id_function=lambda route: route.name,
        middleware=[Middleware(cors.middleware(context), context=context)],
        exception_handlers={Problem: problem_response, HTTPException: _http_exception},
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )


def _answer_head(router: APIRouter) -> None:
    """HEAD wherever there is GET (RFC 9110 9.3.2); the connection leaves the body out."""
    router.routes += [
        APIRoute(route.path, route.endpoint, methods=["HEAD"], include_in_schema=False)
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in (route.methods or ())
    ]


async def problem_response(request: Request, error: Any) -> Response:
    """The response for a Problem."""
    problem: Problem = error
    status, media_type, content = errors.refusal(
        problem, request.scope[middleware.REQUEST_ID], request.scope["path"]
    )
    return Response(content, status, problem.headers, media_type=media_type)


async def _http_exception(request: Request, error: Any) -> Response:
    """The answer where the router itself refuses: unknown paths and methods."""
    exception: HTTPException = error
    path = errors.one_line(request.scope["path"])
    headers = dict(exception.headers or {})
    if exception.status_code == errors.METHOD.status:
        if headers.get("Allow") == "GET":
            # The router lists the methods of one route; HEAD has routes of its own.
            headers["Allow"] = "GET, HEAD"
        detail = f"{path}: {errors.one_line(request.method)}, expected {headers['Allow']}"
    else:
        detail = f"{path}: {exception.detail}, expected a path listed in /docs"
    problem = errors.from_status(exception.status_code, detail)
    problem.headers.update(headers)
    return await problem_response(request, problem)
