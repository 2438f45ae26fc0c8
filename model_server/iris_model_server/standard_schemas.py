"""The shapes of the two standard protocols' bodies, as encoded and documented. No logic."""

from typing import Annotated, Any, Final, Generic, TypeVar

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from iris_model_server.schemas import FEATURES, Row

Data = TypeVar("Data")
Parameters = dict[str, Any]
_NUMBER: Final = {"type": "number"}
Numbers = Annotated[
    list[Any],
    Meta(
        description="Numbers flat in row order, or one list for each row.",
        extra_json_schema={"items": {"anyOf": [_NUMBER, {"type": "array", "items": _NUMBER}]}},
    ),
]


class InferInput(Struct, Generic[Data], frozen=True):
    """One input tensor; a binary one has its data behind the JSON and their size in `parameters`."""

    name: str
    shape: list[int]
    datatype: str
    data: Data | UnsetType = UNSET
    parameters: Parameters | None = None


class RequestInput(InferInput[Numbers], frozen=True):
    """One input tensor; a binary one has its data behind the JSON and their size in `parameters`."""


class RequestedOutput(Struct, frozen=True):
    """An output to include in the answer."""

    name: str
    parameters: Parameters | None = None


class InferBody(Struct, Generic[Data], frozen=True):
    """A request as it is decoded: `Data` is the kind of list its input has."""

    inputs: list[InferInput[Data]]
    id: str | None = None
    parameters: Parameters | None = None
    outputs: list[RequestedOutput] | None = None


class InferRequest(Struct, frozen=True):
    """One input of shape [rows, 4], or one of [rows] for each feature; no `outputs` means all of them."""

    inputs: Annotated[list[RequestInput], Meta(min_length=1, max_length=len(FEATURES))]
    id: str | None = None
    parameters: Parameters | None = None
    outputs: list[RequestedOutput] | None = None


class InferOutput(Struct, frozen=True, omit_defaults=True):
    """One output tensor, flat in row order; a binary one has its data behind the JSON."""

    name: str
    datatype: str
    shape: list[int]
    data: (
        Annotated[
            Raw,
            Meta(extra_json_schema={"type": "array", "items": {"anyOf": [_NUMBER, {"type": "string"}]}}),
        ]
        | UnsetType
    ) = UNSET
    parameters: Parameters | None = None


class InferAnswer(Struct, frozen=True, omit_defaults=True):
    """The outputs in the order they were asked for."""

    model_name: str
    model_version: str
    outputs: list[InferOutput]
    id: str | None = None


class ServerMetadata(Struct, frozen=True):
    """The server and the protocol extensions it supports."""

    name: str
    version: str
    extensions: list[str]


class TensorMetadata(Struct, frozen=True):
    """A tensor of the model; -1 stands for any number of rows."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(Struct, frozen=True):
    """The serving model, as the protocol describes it."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class ConfiguredTensor(Struct, frozen=True):
    """A tensor as Triton configures it; -1 stands for any number of rows."""

    name: str
    data_type: str
    dims: list[int]


class ModelConfiguration(Struct, frozen=True):
    """What Triton's clients read of a configuration; 0: the shapes include the rows."""

    name: str
    platform: str
    input: list[ConfiguredTensor]
    output: list[ConfiguredTensor]
    max_batch_size: int = 0


class Duration(Struct, frozen=True):
    """How often something happened and how long it took together."""

    count: int = 0
    ns: int = 0


class InferenceStatistics(Struct, frozen=True):
    """Requests of a model by outcome and stage; stages that are not measured apart stay at 0."""

    success: Duration
    fail: Duration
    compute_infer: Duration
    queue: Duration = Duration()
    compute_input: Duration = Duration()
    compute_output: Duration = Duration()
    cache_hit: Duration = Duration()
    cache_miss: Duration = Duration()


class ModelStatistics(Struct, frozen=True):
    """The statistics of one version since this process loaded it; `inference_count` counts rows."""

    name: str
    version: str
    last_inference: int
    inference_count: int
    execution_count: int
    inference_stats: InferenceStatistics
    batch_stats: list[Parameters] = []
    memory_usage: list[Parameters] = []


class Statistics(Struct, frozen=True):
    """The statistics of each model."""

    model_stats: list[ModelStatistics]


class Live(Struct, frozen=True):
    """The process is alive."""

    live: bool


class Ready(Struct, frozen=True):
    """A model is loaded and the server accepts traffic."""

    ready: bool


class ModelReady(Struct, frozen=True):
    """Whether this model is ready."""

    name: str
    ready: bool


class ModelList(Struct, frozen=True):
    """The models of this server: one."""

    models: list[str]


class PredictV1Request(Struct, frozen=True):
    """Each instance is sepal length, sepal width, petal length, petal width in centimetres."""

    instances: Annotated[list[Row], Meta(min_length=1)]


class PredictV1Answer(Struct, frozen=True):
    """The number of the class of each instance."""

    predictions: Annotated[Raw, Meta(extra_json_schema={"type": "array", "items": {"type": "integer"}})]


class StandardError(Struct, frozen=True):
    """An error as both protocols describe it."""

    error: str


ALL: Final = (
    InferRequest,
    InferAnswer,
    ServerMetadata,
    ModelMetadata,
    ModelConfiguration,
    Statistics,
    Live,
    Ready,
    ModelReady,
    ModelList,
    PredictV1Request,
    PredictV1Answer,
    StandardError,
)
