"""Training for `make publish`: data that nobody would train on is refused."""

import csv
import json
import shutil
from pathlib import Path

import pytest
from iris_local_cluster import paths
from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.progress import Progress
from iris_local_cluster.up import release
from iris_training import data

pytestmark = pytest.mark.process


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout's data in millimetres."""
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    monkeypatch.setattr(paths, "ARTIFACTS", tmp_path / "artifacts")
    header, *rows = csv.reader(data.sample().splitlines())
    (tmp_path / "data").mkdir()
    with (tmp_path / "data/iris.csv").open("w", newline="") as file:
        csv.writer(file).writerows([header, *([*(str(float(x) * 10) for x in r[:4]), r[4]] for r in rows)])
    return tmp_path


def test_a_file_in_millimetres_is_not_published_by_accident(project: Path) -> None:
    with pytest.raises(
        LocalClusterError, match=r"^training 2\.0\.0: data/iris\.csv: found .*millimetres"
    ) as refusal:
        release.train("2.0.0", Progress(), strict=True)

    assert "\n" not in str(refusal.value)
    assert not (project / "artifacts/model_pipeline_2.0.0.json").exists()


def test_a_version_trained_with_warnings_is_published_only_where_they_are_accepted(project: Path) -> None:
    release.train("2.0.0", Progress(), strict=False)

    assert (project / "artifacts/model_pipeline_2.0.0.json").exists()
    with pytest.raises(
        LocalClusterError, match=r"model_pipeline_2\.0\.0\.json: warnings: data.*: found .*millimetres"
    ) as refusal:
        release.train("2.0.0", Progress(), strict=True)
    assert "FORCE=1" in str(refusal.value)
    release.train("2.0.0", Progress(), strict=False)
    shutil.rmtree(project / "artifacts")


def test_a_version_is_trained_from_the_given_file_and_its_card_names_it(project: Path) -> None:
    rows = data.sample().replace("versicolor", "other").replace("virginica", "versicolor")
    given = project / "mislabelled.csv"
    given.write_text(rows.replace("other", "virginica"))

    release.train("2.0.0", Progress(), strict=True, data=given)

    card = json.loads((project / "artifacts/model_pipeline_2.0.0.json").read_text())
    assert card["data"]["source"] == "mislabelled.csv"
    release.require_trained_from(given, "2.0.0", project / "artifacts")
    with pytest.raises(
        LocalClusterError, match=r"2\.0\.0\.json: trained from data sha256 .*iris\.csv: choose"
    ):
        release.require_trained_from(project / "data/iris.csv", "2.0.0", project / "artifacts")
