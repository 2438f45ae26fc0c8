"""The file names of a version. Pure; servers rely on these names."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Names:
    """Side by side in one folder, which may hold many versions."""

    joblib: str
    picture: str
    model_card: str
    card: str
    signature: str


def build(version: str) -> Names:
    """The names for a version. When the card exists, so do the others."""
    stem = f"model_pipeline_{version}"
    return Names(
        joblib=f"{stem}.joblib",
        picture=f"{stem}.confusion_matrix.png",
        model_card=f"{stem}.md",
        card=f"{stem}.json",
        signature=f"{stem}.sig",
    )
