"""Serves the same pipeline with BentoML, in its own venv. The joblib is in IRIS_JOBLIB."""

import os

import bentoml
import joblib


@bentoml.service(workers=1, metrics={"enabled": False}, logging={"access": {"enabled": False}})
class Iris:
    """The pipeline as BentoML's documentation shows it."""

    def __init__(self) -> None:
        self.pipeline = joblib.load(os.environ["IRIS_JOBLIB"])

    @bentoml.api(route="/predict")  # type: ignore[untyped-decorator]  # bentoml is not in this environment
    def predict(self, instances: list[list[float]]) -> dict[str, list[list[float]]]:
        return {"predictions": self.pipeline.predict_proba(instances).tolist()}
