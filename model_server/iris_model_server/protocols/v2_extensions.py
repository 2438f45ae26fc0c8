"""What Triton's clients ask of a model beside its tensors: its configuration and its statistics.

As Triton's extensions `model_configuration` and `statistics` describe them. Independent of HTTP.
"""

from typing import Final

from iris_model_server.prediction.serving import Serving
from iris_model_server.standard_schemas import (
    ConfiguredTensor,
    Duration,
    InferenceStatistics,
    ModelConfiguration,
    ModelMetadata,
    ModelStatistics,
    Statistics,
    TensorMetadata,
)

EXTENSIONS: Final = ["binary_tensor_data", "model_configuration", "statistics"]
_TYPES: Final = {"BYTES": "TYPE_STRING"}


def configuration(metadata: ModelMetadata) -> ModelConfiguration:
    """The configuration of a model with these tensors."""
    return ModelConfiguration(
        name=metadata.name,
        platform=metadata.platform,
        input=[_configured(tensor) for tensor in metadata.inputs],
        output=[_configured(tensor) for tensor in metadata.outputs],
    )


def statistics(serving: Serving) -> Statistics:
    """What the model that serves has done since it was loaded."""
    loaded = serving.loaded()
    totals = loaded.metrics.totals()
    computed = Duration(totals.success, round(totals.seconds * 1e9))
    stats = ModelStatistics(
        name=serving.name,
        version=loaded.artifact.card.version,
        last_inference=round((totals.last or 0) * 1000),
        inference_count=totals.rows,
        execution_count=totals.success,
        inference_stats=InferenceStatistics(
            success=computed, fail=Duration(totals.failed), compute_infer=computed
        ),
    )
    return Statistics([stats])


def _configured(tensor: TensorMetadata) -> ConfiguredTensor:
    return ConfiguredTensor(tensor.name, _TYPES.get(tensor.datatype, f"TYPE_{tensor.datatype}"), tensor.shape)
