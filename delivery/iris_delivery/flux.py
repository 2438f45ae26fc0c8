"""Whether Flux, as an environment declares it, acts on a commit while it still waits for the one before.

Without this feature gate of its kustomize-controller a commit that reverts a rollout waits until Flux gives
up on the model, which takes as long as the timeout of the Kustomization `models`.
"""

from typing import Final

from iris_delivery.git import Repository

GATE: Final = "CancelHealthCheckOnNewRevision=true"


def warning(repository: Repository, commit: str, environment: str) -> str:
    """What is missing in the folder of `flux bootstrap`; empty if nothing, or if Git has no such folder."""
    folder = f"clusters/{environment}/flux-system"
    files = repository.files(commit, folder)
    if not files or any(GATE in repository.show(commit, file) for file in files):
        return ""
    return (
        f"warning: {folder}: found no {GATE}, expected it in the arguments of kustomize-controller: a revert "
        "waits until Flux gives up on the model (docs/bootstrap.md)"
    )
