"""Mistakes in the labels and annotations of children."""

from typing import Any

from tests.crds.refusals import Refusal

_OURS = "found a key beginning with app.kubernetes.io/, serving.two.inc/ or deployment.kubernetes.io/"


def _labels(**labels: Any) -> dict[str, Any]:
    return {"commonMetadata": {"labels": labels}}


def _annotations(**annotations: Any) -> dict[str, Any]:
    return {"commonMetadata": {"annotations": annotations}}


_OF = {"labels": _labels, "annotations": _annotations}
_NO_NAMES = ("", "a b", "-a", "a_", "a/b/c", "/a", "A.example/b", "a..b/c", "a" * 64, "a" * 254 + "/b")

METADATA = (
    *(
        Refusal(
            f"{part} name {name[:12]!r}",
            _OF[part](**{name: "x"}),
            f"spec.commonMetadata.{part}",
            "found a key that",
        )
        for part in _OF
        for name in _NO_NAMES
    ),
    *(
        Refusal(f"reserved {part} {name}", _OF[part](**{name: "x"}), f"spec.commonMetadata.{part}", _OURS)
        for part in _OF
        for name in (
            "app.kubernetes.io/name",
            "app.kubernetes.io/team",
            "serving.two.inc/intent",
            "deployment.kubernetes.io/revision",
        )
    ),
    Refusal(
        "value that is no label", _labels(release="a b"), "spec.commonMetadata.labels", "expected a label"
    ),
    Refusal("long value", _labels(release="a" * 64), "spec.commonMetadata.labels.release", "more than 63"),
    Refusal("label as number", _labels(release=1), "spec.commonMetadata.labels.release", "of type string"),
    Refusal(
        "17 labels", _labels(**{f"k{n}": "" for n in range(17)}), "spec.commonMetadata.labels", "at most 16"
    ),
    Refusal(
        "33 annotations",
        _annotations(**{f"k{n}": "" for n in range(33)}),
        "spec.commonMetadata.annotations",
        "at most 32",
    ),
    Refusal(
        "longer annotation", _annotations(a="b" * 4097), "spec.commonMetadata.annotations.a", "more than 4096"
    ),
    Refusal("name in it", {"commonMetadata": {"name": "x"}}, "spec.commonMetadata.name", "unknown field"),
)
