"""The contenders: our server, the limit and the peers; how each is started and queried."""

import json
import sys
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

HERE: Final = Path(__file__).parent
PEERS: Final = HERE.parent / ".local" / "peers"
SCRIPTS: Final = HERE / "contenders"
ROW: Final = (5.1, 3.5, 1.4, 0.2)
NAMES: Final = ("sepal_length", "sepal_width", "petal_length", "petal_width")
FLOWER: Final = dict(zip(NAMES, ROW, strict=True))
PREDICT: Final = "/api/v1/predict"
INFER: Final = "/v2/models/iris/infer"
LIMIT: Final = "limit"
# MLServer that gathers requests, as this server does; the others call scikit-learn for each.
BATCHING: Final = "mlserver-batching"


@dataclass(frozen=True, slots=True)
class Question:
    """Where to ask, with what."""

    path: str
    body: Mapping[str, Any]
    # Binary tensors, which follow the JSON as in Open Inference V2.
    tensors: bytes = b""
    # Of a client, where the server needs one.
    key: str = ""

    @property
    def content(self) -> bytes:
        return json.dumps(self.body).encode() + self.tensors

    @property
    def headers(self) -> Mapping[str, str]:
        known = {"authorization": f"Bearer {self.key}"} if self.key else {}
        if not self.tensors:
            return {"content-type": "application/json", **known}
        length = len(self.content) - len(self.tensors)
        # KServe refuses the type of JSON for a body that is not JSON alone.
        binary = {"content-type": "application/octet-stream", "inference-header-content-length": str(length)}
        return binary | known


@dataclass(frozen=True, slots=True)
class Contender:
    """How to start it; {port} stands for its port."""

    name: str
    command: Sequence[str]
    question: Question
    # The path of its batches, if it takes part there.
    batch: str | None = None
    # Whether it takes and gives binary tensors.
    binary: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)

    def asked_for(self, rows: int) -> Question:
        """The question for a batch of so many rows."""
        if self.batch is None:
            raise ValueError(f"{self.name}: no batches")
        if not self.batch.startswith("/v2"):
            return Question(self.batch, instances(rows), key=self.question.key)
        # The one output that all of them have.
        return Question(self.batch, tensor(rows) | {"outputs": [{"name": "predict"}]}, key=self.question.key)

    def asked_in_binary(self, rows: int) -> Question:
        """The same in binary tensors both ways, probabilities included; as JSON if it does not take them."""
        if not self.binary:
            return self.asked_for(rows)
        data = array("d", ROW * rows)
        if sys.byteorder == "big":
            data.byteswap()
        tensors = data.tobytes()
        described = {"name": "input-0", "shape": [rows, 4], "datatype": "FP64"}
        asked = {
            "inputs": [described | {"parameters": {"binary_data_size": len(tensors)}}],
            "outputs": [{"name": "probabilities", "parameters": {"binary_data": True}}],
        }
        return Question(INFER, asked, tensors, self.question.key)


def instances(rows: int) -> dict[str, Any]:
    """As KServe V1 and most frameworks take rows."""
    return {"instances": [list(ROW)] * rows}


def tensor(rows: int) -> dict[str, Any]:
    """As the Open Inference Protocol takes them."""
    data = list(ROW) * rows
    return {"inputs": [{"name": "input-0", "shape": [rows, 4], "datatype": "FP64", "data": data}]}


def ours(folder: Path, joblib_folder: Path, version: str) -> list[Contender]:
    """The limit and ours: fast, by ASGI alone, and with a model that does not fold."""
    server = [sys.executable, "-m", "iris_model_server", "--port", "{port}"]
    question = Question(PREDICT, FLOWER)
    # As Dockerfile.server sets them.
    image = {
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MALLOC_MMAP_THRESHOLD_": "4194304",
        "MALLOC_TRIM_THRESHOLD_": "8388608",
    }
    variables = image | {"IRIS_ARTIFACT_DIR": str(folder), "IRIS_EXPECTED_VERSION": version}
    reference = variables | {"IRIS_FAST_PATH": "Off"}
    any_model = variables | {"IRIS_ARTIFACT_DIR": str(joblib_folder)}
    return [
        Contender(LIMIT, [sys.executable, str(SCRIPTS / "limit.py"), "{port}"], question),
        Contender("fast_path", server, question, INFER, binary=True, environment=variables),
        Contender("reference", server, question, INFER, environment=reference),
        Contender("any_model", server, question, INFER, environment=any_model),
    ]


def peers(joblib: str) -> Iterator[Contender]:
    """Those whose environment is there; the caller reports the others."""
    v1 = "/v1/models/iris:predict"
    one, infer = instances(1), tensor(1)
    known = (
        ("kserve-v1", "kserve", "kserve_v1.py", Question(v1, one), v1),
        ("kserve-v2", "kserve", "kserve_v2.py", Question(INFER, infer), INFER),
        ("mlserver", "mlserver", "mlserver_v2.py", Question(INFER, probabilities(infer)), INFER),
        (BATCHING, "mlserver", "mlserver_v2.py", Question(INFER, probabilities(infer)), None),
        ("litserve", "litserve", "lit.py", Question("/predict", one), None),
        ("ray-serve", "ray", "rayserve.py", Question("/", one), None),
        ("tutorial", "tutorial", "tutorial.py", Question("/predict", FLOWER), None),
    )
    for name, environment, script, question, batch in known:
        python = str(PEERS / environment / "bin" / "python")
        most = ["32"] if name == BATCHING else []
        command = [python, str(SCRIPTS / script), "{port}", joblib, *most]
        # MLServer takes no binary tensors over HTTP.
        yield Contender(name, command, question, batch, binary=name == "kserve-v2")
    bento = [str(PEERS / "bentoml" / "bin" / "bentoml"), "serve", "bento:Iris", "--port", "{port}"]
    yield Contender(
        "bentoml",
        [*bento, "--working-dir", str(SCRIPTS)],
        Question("/predict", one),
        environment={"IRIS_JOBLIB": joblib, "BENTOML_DO_NOT_TRACK": "True"},
    )


def probabilities(asked: dict[str, Any]) -> dict[str, Any]:
    """MLServer answers the class unless it is asked for more."""
    return asked | {"outputs": [{"name": "predict_proba"}]}


def is_there(contender: Contender) -> bool:
    return Path(contender.command[0]).exists()
