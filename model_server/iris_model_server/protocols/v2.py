"""Open Inference Protocol V2, bytes to bytes: centimetres in, up to three outputs. Independent of HTTP.

`v2_body` and `v2_request` read requests, `v2_outputs` has the outputs, `tensors` the binary ones.
"""

from typing import Final

import msgspec

from iris_model_server import errors
from iris_model_server.errors import Problem
from iris_model_server.prediction.execution import Execution
from iris_model_server.prediction.serving import Loaded, Serving
from iris_model_server.protocols import chunks, columns
from iris_model_server.protocols.columns import Columns
from iris_model_server.protocols.v2_body import INPUT
from iris_model_server.protocols.v2_outputs import OUTPUTS
from iris_model_server.protocols.v2_request import Question, RequestReader
from iris_model_server.schemas import FEATURES
from iris_model_server.standard_schemas import InferAnswer, InferOutput, ModelMetadata, TensorMetadata

DATATYPE: Final = "FP64"


class Answer(msgspec.Struct, frozen=True):
    """The parts of an answer; with binary outputs, how many bytes of it are the JSON object."""

    parts: list[bytes]
    json_bytes: int | None = None


class V2:
    """The inference of the protocol."""

    def __init__(self, serving: Serving, execution: Execution, most_rows: int) -> None:
        self._serving = serving
        self._execution = execution
        self._reader = RequestReader(most_rows, execution.first_outside)
        self._encode = msgspec.json.Encoder().encode

    def infer_at_once(self, body: bytes) -> bytes | None:
        """What `infer` answers where that needs no words and no waiting; else None, and nothing counted."""
        loaded = self._serving.loaded_or_none()
        if loaded is None or loaded.batcher is not None or len(body) > chunks.ONE_GO_BYTES:
            return None
        try:
            question = self._reader.read(body)
        except Problem:
            return None
        if question.whole is None or question.binary:
            return None
        predictions = self._execution.at_once(loaded, question.whole)
        if predictions is None:
            return None
        collected = _columns(question, loaded)
        collected.take(predictions)
        return b"".join(self._answer(question, collected, loaded).parts)

    async def infer(self, body: bytes, json_bytes: int | None = None) -> Answer:
        """`json_bytes` is how much of the body is JSON, where binary tensors may follow."""
        loaded = self._serving.loaded()
        try:
            question = self._reader.read(body, json_bytes)
            collected = _columns(question, loaded)
            if question.whole is not None:
                await self._execution.whole(loaded, question.whole, collected.take)
            else:
                await self._execution.chunks(loaded, question.parts, collected.take)
        except Problem as problem:
            if problem.kind is not errors.OVERLOADED:
                loaded.metrics.count("invalid")
            raise
        return self._answer(question, collected, loaded)

    def _answer(self, question: Question, collected: Columns, loaded: Loaded) -> Answer:
        card = loaded.artifact.card
        outputs = []
        binary: list[bytes] = []
        for name in question.outputs:
            output = OUTPUTS[name]
            shape = output.shape(question.rows, len(card.classes))
            if name not in question.binary:
                outputs.append(InferOutput(name, output.datatype, shape, columns.A_COLUMN))
                continue
            parts = collected.packed(output.source)
            size = {"binary_data_size": sum(map(len, parts))}
            outputs.append(InferOutput(name, output.datatype, shape, parameters=size))
            binary += parts
        frame = self._encode(InferAnswer(self._serving.name, card.version, outputs, question.id))
        text = collected.parts(frame)
        return Answer([*text, *binary], sum(map(len, text))) if question.binary else Answer(text)

    def metadata(self) -> ModelMetadata:
        """The model's tensors."""
        artifact = self._serving.loaded().artifact
        classes = len(artifact.card.classes)
        return ModelMetadata(
            name=self._serving.name,
            versions=[artifact.card.version],
            platform=f"sklearn_{artifact.model.source}",
            inputs=[TensorMetadata(INPUT, DATATYPE, [-1, len(FEATURES)])],
            outputs=[
                TensorMetadata(name, output.datatype, output.shape(-1, classes))
                for name, output in OUTPUTS.items()
            ],
        )


def _columns(question: Question, loaded: Loaded) -> Columns:
    wanted = [OUTPUTS[name].source for name in question.outputs]
    if not question.binary:
        return Columns(wanted, loaded.artifact.card.classes)
    binary = [OUTPUTS[name].source for name in question.binary]
    return Columns(wanted, loaded.artifact.card.classes, binary)
