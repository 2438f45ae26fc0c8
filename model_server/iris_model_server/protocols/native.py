"""The native routes. They translate only: `inference` and `serving` decide.

All endpoints are `async def`: a plain `def` would run in a thread for each request.
"""

import hmac
from typing import Final

import msgspec
from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from iris_model_server import errors, schemas
from iris_model_server.errors import Problem
from iris_model_server.prediction.serving import Serving
from iris_model_server.protocols import openapi
from iris_model_server.protocols.inference import Inference
from iris_model_server.settings import Settings
from iris_model_server.site import pages
from iris_model_server.telemetry.metrics import Metrics
from iris_model_server.wire import middleware, responses

_JSON: Final = responses.JSON.encode("ascii")
_INPUT_KINDS: Final = (errors.MALFORMED, errors.TOO_LARGE, errors.MEDIA, errors.INVALID, errors.OVERLOADED)


def predictions(inference: Inference) -> APIRouter:
    """The two prediction routes."""
    router = APIRouter(prefix="/api/v1", tags=["predictions"])

    @router.post(
        "/predict",
        summary="Predict one flower",
        responses=openapi.answers(schemas.PredictAnswer, *_INPUT_KINDS, example=openapi.ANSWER),
        openapi_extra=openapi.body(schemas.PredictRequest, openapi.FLOWER),
    )
    async def predict(request: Request) -> Response:
        body = await _json_body(request)
        return responses.JsonResponse(await inference.predict(body, request.scope[middleware.REQUEST_ID]))

    router.routes += batch(inference).routes
    return router


def batch(inference: Inference) -> APIRouter:
    """The route for many flowers."""
    router = APIRouter(prefix="/api/v1", tags=["predictions"])

    @router.post(
        "/predict/batch",
        summary="Predict many flowers",
        responses=openapi.answers(schemas.BatchAnswer, *_INPUT_KINDS),
        openapi_extra=openapi.body(schemas.BatchRequest, openapi.BATCH),
    )
    async def predict_batch(request: Request) -> Response:
        body = await _json_body(request)
        parts = await inference.predict_batch(body, request.scope[middleware.REQUEST_ID])
        return await responses.of_parts(parts, request)

    return router


def model(serving: Serving, settings: Settings) -> APIRouter:
    """The routes that describe the serving model and reload it."""
    router = APIRouter(prefix="/api/v1", tags=["model"])

    @router.get("/health", summary="A summary", responses=openapi.answers(schemas.Health, errors.NOT_READY))
    async def health() -> Response:
        return responses.of(serving.health())

    @router.get(
        "/model/info",
        summary="The model that is serving",
        responses=openapi.answers(schemas.ModelInfo, errors.NOT_READY),
    )
    async def model_info() -> Response:
        return responses.of(serving.info())

    @router.get(
        "/model/reference",
        summary="Rows to compare this model with another release",
        responses=openapi.answers(schemas.ReferenceRows, errors.NOT_READY),
    )
    async def reference() -> Response:
        return responses.of(serving.reference())

    @router.post(
        "/model/reload",
        summary="Load the artifact folder again",
        responses=openapi.answers(schemas.ModelInfo, errors.UNAUTHORIZED, errors.RELOAD_OFF, errors.REFUSED),
        openapi_extra={"security": [{"reloadToken": []}]},
    )
    async def reload_model(request: Request) -> Response:
        _authorize(request, settings)
        await serving.reload()
        return responses.of(serving.info())

    return router


def probes(serving: Serving, metrics: Metrics) -> APIRouter:
    """The routes for Kubernetes and Prometheus."""
    router = APIRouter(tags=["probes"])

    @router.get("/livez", summary="The process is alive", responses=openapi.answers(schemas.Probe))
    async def live() -> Response:
        return responses.of(schemas.Probe(status="live"))

    @router.get(
        "/readyz",
        summary="A model is loaded and the server accepts traffic",
        responses=openapi.answers(schemas.Probe, errors.NOT_READY),
    )
    async def ready() -> Response:
        serving.ready()
        return responses.of(schemas.Probe(status="ready"))

    @router.get(
        "/metrics",
        summary="Metrics for Prometheus",
        response_class=Response,
        responses={
            200: {
                "description": "Prometheus text or OpenMetrics.",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            }
        },
    )
    async def read_metrics(request: Request) -> Response:
        content, content_type = metrics.exposition(request.headers.get("accept", ""))
        return Response(content, headers={"content-type": content_type})

    return router


def site(app: FastAPI) -> APIRouter:
    """The pages for people: the trial page and the description of the API."""
    router = APIRouter(include_in_schema=False)
    trial, documentation = pages.load("page.html"), pages.load("docs.html")

    @router.get("/")
    async def page() -> Response:
        return HTMLResponse(trial.content, headers=trial.headers)

    @router.get("/docs")
    async def docs() -> Response:
        return HTMLResponse(documentation.content, headers=documentation.headers)

    @router.get("/openapi.json")
    async def document() -> Response:
        return Response(msgspec.json.encode(openapi.document(app)), media_type=responses.JSON)

    return router


async def _json_body(request: Request) -> bytes:
    # As bytes: decoding every header costs more than the prediction.
    found = request.scope[middleware.HEADERS].get(b"content-type", b"")
    if found != _JSON and found.partition(b";")[0].strip().lower() != _JSON:
        named = errors.one_line(found.decode("latin-1")) or "nothing"
        raise Problem(errors.MEDIA, f"content-type: {named}, expected {responses.JSON}")
    return await middleware.body(request)


def _authorize(request: Request, settings: Settings) -> None:
    if settings.reload_token is None:
        raise Problem(
            errors.RELOAD_OFF, "IRIS_RELOAD_TOKEN: not set, expected a token of 16 characters or more"
        )
    expected = f"Bearer {settings.reload_token.get_secret_value()}".encode()
    # In constant time, so that the time does not reveal how much of a guess is right.
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
        raise Problem(
            errors.UNAUTHORIZED,
            "authorization: no valid token, expected Bearer and the value of IRIS_RELOAD_TOKEN",
            headers={"www-authenticate": "Bearer"},
        )
