"""Assembly: settings and an artifact become an app. Nothing happens at import."""

import logging
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from iris_model_server import edge, errors, hot, openapi, routes, standards
from iris_model_server.access_log import AccessLog, Sink
from iris_model_server.artifact import Artifact
from iris_model_server.edge import Edge, Surroundings
from iris_model_server.errors import Problem
from iris_model_server.evaluation import Evaluation
from iris_model_server.hot import Hot
from iris_model_server.inference import Inference
from iris_model_server.metrics import Metrics
from iris_model_server.serving import Serving
from iris_model_server.settings import Settings
from iris_model_server.straight import Straight
from iris_model_server.v1 import V1
from iris_model_server.v2 import V2


@dataclass(frozen=True, slots=True)
class Server:
    """The app and the parts that its process works with."""

    app: ASGIApp
    serving: Serving
    log: AccessLog
    hot: Hot


def create_app(settings: Settings, artifact: Artifact | None, sink: Sink | None = None) -> Server:
    """An app that serves the artifact; without one it lives but is not ready."""
    metrics = Metrics()
    serving = Serving(settings, metrics)
    if artifact is not None:
        serving.serve(artifact)
    log = AccessLog(sink or sys.stdout.buffer)
    surroundings = Surroundings(
        serving=serving,
        metrics=metrics,
        log=log,
        level=getattr(logging, settings.log_level.upper()),
        most_bytes=settings.max_body_bytes,
    )
    evaluation = Evaluation(settings)
    inference = Inference(serving, evaluation, settings.max_batch_rows)
    predictions = routes.predictions(inference)
    straight = [route for route in predictions.routes if isinstance(route, APIRoute)]
    framework = _framework(surroundings)
    framework.include_router(predictions)
    framework.include_router(routes.model(serving, settings))
    most_rows = settings.max_batch_rows
    v2 = V2(serving, evaluation, most_rows)
    framework.include_router(standards.open_inference(serving, v2))
    framework.include_router(standards.kserve(serving, V1(serving, evaluation, most_rows)))
    framework.include_router(routes.probes(serving, metrics))
    framework.include_router(routes.site(framework))
    return Server(
        app=Straight(framework, straight, _problem, surroundings),
        serving=serving,
        log=log,
        hot=Hot(surroundings, hot.routes(inference, v2, serving)),
    )


def _framework(surroundings: Surroundings) -> FastAPI:
    """FastAPI with what stands around every route, still without routes."""
    return FastAPI(
        title=openapi.TITLE,
        version=metadata.version("iris-model-server"),
        docs_url=None,
        openapi_url=None,
        redoc_url=None,
        redirect_slashes=False,
        # What generated clients call their methods: predict, predict_batch, model_info.
        generate_unique_id_function=lambda route: route.name,
        middleware=[Middleware(Edge, surroundings=surroundings)],
        exception_handlers={Problem: _problem, HTTPException: _http_exception},
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )


async def _problem(request: Request, error: Any) -> Response:
    problem: Problem = error
    status, media_type, content = errors.refusal(
        problem, request.scope[edge.REQUEST_ID], request.scope["path"]
    )
    return Response(content, status, problem.headers, media_type=media_type)


async def _http_exception(request: Request, error: Any) -> Response:
    """What the router itself refuses: unknown paths and methods."""
    exception: HTTPException = error
    path = errors.one_line(request.scope["path"])
    if exception.status_code == errors.METHOD.status:
        allowed = (exception.headers or {}).get("Allow", "another method")
        detail = f"{path}: {errors.one_line(request.method)}, expected {allowed}"
    else:
        detail = f"{path}: {exception.detail}, expected a path of /docs"
    problem = errors.from_status(exception.status_code, detail)
    problem.headers.update(exception.headers or {})
    return await _problem(request, problem)
