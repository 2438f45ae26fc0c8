"""Mistakes in the model's own image, and in the server's beside it."""

from typing import Any

from tests.crds.refusals import Refusal

_IMAGE = "spec.artifact.image"


def _artifact(*, server: dict[str, Any] | None = None, **image: Any) -> dict[str, Any]:
    beside = {"tag": "2.0.0"} if server is None else server
    return {"image": beside, "artifact": {"image": {"repository": "ghcr.io/two-inc/iris-model", **image}}}


ARTIFACT = (
    Refusal("artifact without an image", {"artifact": {}}, _IMAGE, "Required value"),
    Refusal(
        "artifact without a repository",
        {"image": {"tag": "2.0.0"}, "artifact": {"image": {}}},
        f"{_IMAGE}.repository",
        "Required value",
    ),
    Refusal("artifact beside a server without a tag", _artifact(server={}), "spec.image.tag", "found no tag"),
    Refusal(
        "tag of a server without artifact",
        {"image": {"tag": "2.0.0"}},
        "spec.image.tag",
        "found a tag without",
    ),
    Refusal(
        "tag of a server with a colon", _artifact(server={"tag": "a:b"}), "spec.image.tag", "expected a tag"
    ),
    Refusal("empty tag of a server", _artifact(server={"tag": ""}), "spec.image.tag", '"": expected a tag'),
    Refusal("long tag of a server", _artifact(server={"tag": "a" * 129}), "spec.image.tag", "more than 128"),
    Refusal("tag of a model with a slash", _artifact(tag="a/b"), f"{_IMAGE}.tag", "expected a tag"),
    Refusal("long tag of a model", _artifact(tag="a" * 129), f"{_IMAGE}.tag", "more than 128"),
    Refusal(
        "repository of a model with its tag",
        _artifact(repository="ghcr.io/iris-model:1.4.0"),
        f"{_IMAGE}.repository",
        "expected a repository in lower case without tag or digest",
    ),
    Refusal(
        "repository of a model with a port alone",
        _artifact(repository="iris-model:5000"),
        f"{_IMAGE}.repository",
        "expected a repository",
    ),
    Refusal(
        "long repository of a model",
        _artifact(repository="a" * 201),
        f"{_IMAGE}.repository",
        "more than 200",
    ),
    Refusal(
        "digest of a model in capitals",
        _artifact(digest="sha256:" + "A" * 64),
        f"{_IMAGE}.digest",
        "expected 'sha256:' and 64",
    ),
    Refusal("long digest of a model", _artifact(digest="a" * 72), f"{_IMAGE}.digest", "more than 71"),
    Refusal(
        "unknown pull policy of a model", _artifact(pullPolicy="Often"), f"{_IMAGE}.pullPolicy", '"Always"'
    ),
    Refusal("misspelled field of a model's image", _artifact(name="a"), f"{_IMAGE}.name", "unknown field"),
)
