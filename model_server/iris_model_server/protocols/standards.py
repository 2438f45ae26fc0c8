"""The routes of the two standard protocols: Open Inference V2 and KServe V1. Translates only.

Their clients send no content type, or one of their own, so none is asked for.
"""

import re
from collections.abc import Callable
from importlib import metadata
from typing import Final, NamedTuple

import msgspec
from fastapi import APIRouter, Request, Response

from iris_model_server import errors, standard_schemas
from iris_model_server.errors import Problem
from iris_model_server.prediction.serving import Serving
from iris_model_server.protocols import openapi, v2_extensions
from iris_model_server.protocols.v1 import V1
from iris_model_server.protocols.v2 import V2
from iris_model_server.protocols.v2_body import HEADER
from iris_model_server.wire import middleware, responses

NAME: Final = "iris-model-server"
_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_OCTETS: Final = (b"content-type", b"application/octet-stream")
_KINDS: Final = (errors.MALFORMED, errors.NOT_FOUND, errors.TOO_LARGE, errors.OVERLOADED)


def open_inference(serving: Serving, protocol: V2) -> APIRouter:
    """Open Inference Protocol V2, REST."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol V2"])

    async def infer(request: Request) -> Response:
        _check_name(serving, request)
        answer = await protocol.infer(await middleware.body(request), _json_bytes(request))
        if answer.json_bytes is None:
            return await responses.of_parts(answer.parts, request)
        length = (HEADER.encode("ascii"), b"%d" % answer.json_bytes)
        return await responses.of_parts(answer.parts, request, (_OCTETS, length))

    for version in ("", "/versions/{version}"):
        router.add_api_route(
            f"/models/{{name}}{version}/infer",
            infer,
            name="infer_version" if version else "infer",
            methods=["POST"],
            summary="Predict many flowers",
            responses=openapi.standard_answers(standard_schemas.InferAnswer, *_KINDS),
            openapi_extra=openapi.body(standard_schemas.InferRequest, openapi.INFER)
            | openapi.path_parameters("name", *(["version"] if version else [])),
        )
    # Routes are tried in order, so inference comes first.
    _server(router, serving)
    _model(router, serving, protocol)
    return router


def _server(router: APIRouter, serving: Serving) -> None:
    version = metadata.version(NAME)

    @router.get(
        "",
        summary="The server",
        responses=openapi.standard_answers(standard_schemas.ServerMetadata),
    )
    async def server_metadata() -> Response:
        return responses.of(standard_schemas.ServerMetadata(NAME, version, v2_extensions.EXTENSIONS))

    @router.get(
        "/health/live",
        summary="The process is alive",
        responses=openapi.standard_answers(standard_schemas.Live),
    )
    async def server_live() -> Response:
        return responses.of(standard_schemas.Live(live=True))

    @router.get(
        "/health/ready",
        summary="A model is loaded and the server accepts traffic",
        responses=openapi.standard_answers(standard_schemas.Ready, errors.NOT_READY),
    )
    async def server_ready() -> Response:
        serving.ready()
        return responses.of(standard_schemas.Ready(ready=True))


class _Page(NamedTuple):
    """Something to read about the model, below its path."""

    name: str
    path: str
    summary: str
    shape: type[msgspec.Struct]
    answer: Callable[[], msgspec.Struct]


def _model(router: APIRouter, serving: Serving, protocol: V2) -> None:
    def ready() -> msgspec.Struct:
        serving.ready()
        return standard_schemas.ModelReady(serving.name, ready=True)

    def configuration() -> msgspec.Struct:
        return v2_extensions.configuration(protocol.metadata())

    def statistics() -> msgspec.Struct:
        return v2_extensions.statistics(serving)

    of_all = _Page(
        "all_model_statistics",
        "/stats",
        "What the models did so far",
        standard_schemas.Statistics,
        statistics,
    )
    pages = (
        _Page("model_metadata", "", "The model's tensors", standard_schemas.ModelMetadata, protocol.metadata),
        _Page("model_ready", "/ready", "Whether this model is ready", standard_schemas.ModelReady, ready),
        _Page(
            "model_config",
            "/config",
            "The model's configuration in Triton's form",
            standard_schemas.ModelConfiguration,
            configuration,
        ),
        of_all._replace(name="model_statistics", summary="What the model did so far"),
    )
    if serving.name != "stats":
        # Before the path that would take `stats` for a model's name.
        _add(router, serving, of_all, "/models")
    for page in pages:
        _add(router, serving, page, "/models/{name}", "name")
        versioned = page._replace(name=f"{page.name}_version")
        _add(router, serving, versioned, "/models/{name}/versions/{version}", "name", "version")


def _add(router: APIRouter, serving: Serving, page: _Page, prefix: str, *parameters: str) -> None:
    async def read(request: Request) -> Response:
        if parameters:
            _check_name(serving, request)
        return responses.of(page.answer())

    kinds = (errors.NOT_FOUND, errors.NOT_READY) if parameters else (errors.NOT_READY,)
    router.add_api_route(
        f"{prefix}{page.path}",
        read,
        name=page.name,
        methods=["GET"],
        summary=page.summary,
        responses=openapi.standard_answers(page.shape, *kinds),
        openapi_extra=openapi.path_parameters(*parameters) if parameters else None,
    )


def kserve(serving: Serving, protocol: V1) -> APIRouter:
    """KServe's protocol V1."""
    router = APIRouter(prefix="/v1", tags=["KServe V1"])

    @router.get(
        "/models",
        summary="The models of this server",
        responses=openapi.standard_answers(standard_schemas.ModelList),
    )
    async def list_models() -> Response:
        return responses.of(standard_schemas.ModelList([serving.name]))

    # Before the path that would take `iris:predict` for a name, and say that GET is its method.
    @router.post(
        "/models/{name}:predict",
        summary="Predict many flowers",
        responses=openapi.standard_answers(standard_schemas.PredictV1Answer, *_KINDS),
        openapi_extra=openapi.body(standard_schemas.PredictV1Request, openapi.INSTANCES)
        | openapi.path_parameters("name"),
    )
    async def predict_v1(request: Request) -> Response:
        _check_name(serving, request)
        return await responses.of_parts(await protocol.predict(await middleware.body(request)), request)

    @router.get(
        "/models/{name}",
        summary="Whether this model is ready",
        responses=openapi.standard_answers(standard_schemas.ModelReady, errors.NOT_FOUND, errors.NOT_READY),
        openapi_extra=openapi.path_parameters("name"),
    )
    async def model_ready_v1(request: Request) -> Response:
        _check_name(serving, request)
        serving.ready()
        return responses.of(standard_schemas.ModelReady(serving.name, ready=True))

    return router


def _check_name(serving: Serving, request: Request) -> None:
    name = request.path_params["name"]
    if name != serving.name:
        raise Problem(errors.NOT_FOUND, f"model: {errors.one_line(name)}, expected {serving.name}")
    version = request.path_params.get("version")
    if version is not None and version != (serving_version := serving.loaded().artifact.card.version):
        raise Problem(errors.NOT_FOUND, f"version: {errors.one_line(version)}, expected {serving_version}")


def _json_bytes(request: Request) -> int | None:
    """How much of the body is the JSON object; None where all of it is."""
    values = request.headers.getlist(HEADER)
    if not values:
        return None
    found = values[0]
    if len(values) > 1 or not _LENGTH.fullmatch(found):
        expected = "the length of the JSON object in bytes"
        raise errors.invalid(HEADER, ", ".join(values) or "nothing", expected)
    return int(found)
