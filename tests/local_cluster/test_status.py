"""`make status`: Flux's steps and the models, also when parts are missing."""

from iris_local_cluster.flux.flux_status import FluxObject
from iris_local_cluster.up import status
from rich.console import Console

_COMMIT = "1a2b3c4d" * 5


def drawn(picture: status.Picture) -> list[str]:
    console = Console(width=150, highlight=False)
    with console.capture() as captured:
        console.print(status.draw(picture))
    return [" ".join(line.split()) for line in captured.get().splitlines() if line.strip()]


def test_status_shows_each_step_with_its_revision_and_its_words_when_it_is_not_ready() -> None:
    objects = (
        FluxObject("GitRepository", "flux-system", "True", "Succeeded", "stored", f"main@sha1:{_COMMIT}"),
        FluxObject(
            "Kustomization", "models", "False", "HealthCheckFailed", "iris failed", f"main@sha1:{_COMMIT}"
        ),
        FluxObject("HelmRelease", "iris-operator", "Unknown", "Progressing", "upgrading", f"0.1.0+{_COMMIT}"),
    )

    lines = drawn(status.Picture("cluster x", objects=objects))

    assert lines == [
        "cluster x",
        "FLUX NAME REVISION MESSAGE",
        "✓ GitRepository flux-system main@1a2b3c4d",
        "✗ Kustomization models main@1a2b3c4d HealthCheckFailed: iris failed",
        "… HelmRelease iris-operator 0.1.0+1a2b3c4d Progressing: upgrading",
    ]


def test_status_shows_what_each_model_declares_and_what_it_proves() -> None:
    document = {
        "metadata": {"namespace": "iris", "name": "iris", "generation": 2},
        "spec": {"version": "9.9.9"},
        "status": {
            "observedGeneration": 2,
            "servingVersion": "1.1.0",
            "source": {"revision": f"main@sha1:{_COMMIT}"},
            "conditions": [
                {"type": "Ready", "status": "False", "reason": "ImagePullFailed", "message": "no such tag"},
                {"type": "Stalled", "status": "True", "reason": "ImagePullFailed", "message": "no such tag"},
            ],
        },
    }

    lines = drawn(status.Picture("cluster x", models=(status.model(document),)))

    assert lines[1:] == [
        "IRISMODEL DECLARED SERVING REVISION MESSAGE",
        "✗ iris/iris 9.9.9 1.1.0 main@1a2b3c4d ImagePullFailed: no such tag",
    ]


def test_a_cluster_without_flux_is_a_picture_too() -> None:
    lines = drawn(status.Picture("cluster x", problem="Flux is not installed"))

    assert lines == ["cluster x", "Flux is not installed"]
