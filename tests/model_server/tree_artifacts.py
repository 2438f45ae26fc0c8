"""Artifact folders whose model is two small trees in the card."""

from pathlib import Path
from typing import Any, Final

from tests.model_server import artifacts

SMALL: Final[dict[str, Any]] = {
    "link": "mean",
    "base": [0.0, 0.0, 0.0],
    "trees": [
        {
            "feature": [2, 3],
            "threshold": [2.45, 1.75],
            "left": [-1, -2],
            "right": [1, -3],
            "value": [[1.0, 0.0, 0.0], [0.0, 0.9, 0.1], [0.0, 0.02, 0.98]],
        },
        {"feature": [], "threshold": [], "left": [], "right": [], "value": [[0.4, 0.3, 0.3]]},
    ],
}
GOLDEN: Final = [
    {"input": [5.1, 3.5, 1.4, 0.2], "probabilities": [0.7, 0.15, 0.15]},
    {"input": [6.0, 2.7, 4.2, 1.3], "probabilities": [0.2, 0.6, 0.2]},
    {"input": [6.7, 3.0, 5.2, 2.3], "probabilities": [0.2, 0.16, 0.64]},
]


def written(folder: Path, forest: Any = SMALL, **changes: Any) -> Path:
    return artifacts.write(
        folder, **({"schema": 2, "linear": None, "trees": forest, "golden": GOLDEN} | changes)
    )
