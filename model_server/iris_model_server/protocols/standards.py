"""The routes of the two standard protocols: Open Inference V2 and KServe V1. Translates only.

Their clients send no content type, or one of their own, so none is asked for.
"""

from importlib import metadata
from typing import Final

from fastapi import APIRouter, Request, Response

from iris_model_server import errors, standard_schemas
from iris_model_server.errors import Problem
from iris_model_server.prediction.serving import Serving
from iris_model_server.protocols import openapi
from iris_model_server.protocols.v1 import V1
from iris_model_server.protocols.v2 import V2
from iris_model_server.wire import middleware, responses

NAME: Final = "iris-model-server"
BINARY: Final = "inference-header-content-length"
_KINDS: Final = (errors.MALFORMED, errors.NOT_FOUND, errors.TOO_LARGE, errors.OVERLOADED)


def open_inference(serving: Serving, protocol: V2) -> APIRouter:
    """Open Inference Protocol V2, REST."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol V2"])
    _server(router, serving)
    _model(router, serving, protocol)

    async def infer(request: Request) -> Response:
        _check_name(serving, request)
        if BINARY in request.headers:
            raise Problem(errors.INVALID, f"{BINARY}: binary tensor data, expected JSON (binary_data=False)")
        return responses.of_parts(await protocol.infer(await middleware.body(request)))

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
    return router


def _server(router: APIRouter, serving: Serving) -> None:
    version = metadata.version(NAME)

    @router.get(
        "",
        summary="The server",
        responses=openapi.standard_answers(standard_schemas.ServerMetadata),
    )
    async def server_metadata() -> Response:
        return responses.of(standard_schemas.ServerMetadata(NAME, version, []))

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


def _model(router: APIRouter, serving: Serving, protocol: V2) -> None:
    async def model_metadata(request: Request) -> Response:
        _check_name(serving, request)
        return responses.of(protocol.metadata())

    async def model_ready(request: Request) -> Response:
        _check_name(serving, request)
        serving.ready()
        return responses.of(standard_schemas.ModelReady(serving.name, ready=True))

    for version in ("", "/versions/{version}"):
        suffix = "_version" if version else ""
        parameters = openapi.path_parameters("name", *(["version"] if version else []))
        router.add_api_route(
            f"/models/{{name}}{version}",
            model_metadata,
            name=f"model_metadata{suffix}",
            methods=["GET"],
            summary="The model's tensors",
            responses=openapi.standard_answers(
                standard_schemas.ModelMetadata, errors.NOT_FOUND, errors.NOT_READY
            ),
            openapi_extra=parameters,
        )
        router.add_api_route(
            f"/models/{{name}}{version}/ready",
            model_ready,
            name=f"model_ready{suffix}",
            methods=["GET"],
            summary="Whether this model is ready",
            responses=openapi.standard_answers(
                standard_schemas.ModelReady, errors.NOT_FOUND, errors.NOT_READY
            ),
            openapi_extra=parameters,
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
        return responses.of_parts(await protocol.predict(await middleware.body(request)))

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
