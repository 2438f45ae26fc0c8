"""Editing version.yaml: only the release changes, whatever else a person wrote into the file."""

import re
from dataclasses import replace

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from iris_delivery import declaration
from iris_delivery.declaration import Declaration, Release
from iris_delivery.errors import Refused

ONE, TWO = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
TEXT = f"""\
# What dev serves.
apiVersion: serving.two.inc/v1alpha1
kind: IrisModel
metadata:
  name: iris
  namespace: iris
spec:
  # Changed by promotions.
  version: 1.4.0 # the released one
  image:
    # What was built.
    digest: {ONE} # pinned
    pullPolicy: Always
  replicas: 3   # more for dev
"""

_COMMENTS = st.sampled_from(["", " # why", "   # one: two"])
_QUOTES = st.sampled_from(["", "'", '"'])
_VERSIONS = st.sampled_from(["1.4.0", "1.5.0-rc.1", "1e3", "0x1f", "1.40", "a", "1.0.20250508_171813"])
_DIGESTS = st.sampled_from([None, ONE, TWO])


@st.composite
def _files(draw: st.DrawFn) -> str:
    """Files as people write them: any quotes, comments, order, indentation and line ending."""
    quote, version, digest, apart = draw(_QUOTES), draw(_VERSIONS), draw(_DIGESTS), draw(st.booleans())
    text = version if quote or version.count(".") > 1 else f'"{version}"'
    indent = " " * draw(st.integers(1, 4))
    blocks = [[f"{indent}version: {quote}{text}{quote}{draw(_COMMENTS)}"]]
    image = []
    if digest:
        image.append(f"{indent * 2}digest: {draw(_QUOTES.filter(bool))}{digest}")
        image[0] += image[0].split("digest: ")[1][0] + draw(_COMMENTS)
    if draw(st.booleans()):
        image.insert(draw(st.integers(0, len(image))), f"{indent * 2}pullPolicy: Always{draw(_COMMENTS)}")
    if apart:
        image.insert(draw(st.integers(0, len(image))), f"{indent * 2}repository: models{draw(_COMMENTS)}")
        model = [f"{indent}{line}" for line in (f"{indent}image:{draw(_COMMENTS)}", *image)]
        blocks.append([f"{indent}artifact:{draw(_COMMENTS)}", *model])
        image = draw(st.sampled_from([[], [f"{indent * 2}digest: {ONE} # the server's"]]))
    if image:
        blocks.append([f"{indent}image:{draw(_COMMENTS)}", *image])
    if draw(st.booleans()):
        blocks.append([f"{indent}replicas: 2{draw(_COMMENTS)}", f"{indent}# last word"])
    head = ["kind: IrisModel", "metadata:", "  name: iris", "  namespace: iris", "spec:"]
    lines = [*head, *(line for block in draw(st.permutations(blocks)) for line in block)]
    return draw(st.sampled_from(["\n", "\r\n"])).join(lines) + draw(st.sampled_from(["", "\n"]))


def _others(text: str) -> list[str]:
    """Every line that holds no part of a release, whole; how the last one ends does not matter."""
    lines = text.rstrip("\r\n").split("\n")
    return [line.rstrip("\r") for line in lines if not re.match(r" +(version|image|digest):", line)]


@settings(max_examples=60)  # files are slow to make
@given(_files(), _VERSIONS, _DIGESTS)
def test_an_edit_changes_the_release_and_nothing_else(text: str, version: str, digest: str | None) -> None:
    release = replace(declaration.parse(text, "version.yaml").release, version=version, digest=digest)

    edited = declaration.edit(text, release, "version.yaml")

    assert declaration.parse(edited, "version.yaml") == Declaration("iris", "iris", release)
    assert ("the server's" in edited) == ("the server's" in text)
    assert _others(edited) == _others(text)


@settings(max_examples=30)
@given(_files())
def test_an_edit_to_the_same_release_changes_no_character(text: str) -> None:
    release = declaration.parse(text, "version.yaml").release

    assert declaration.edit(text, release, "version.yaml") == text


def test_comments_and_order_survive() -> None:
    edited = declaration.edit(TEXT, Release("1.5.0", TWO), "version.yaml")

    assert edited == TEXT.replace("1.4.0", "1.5.0").replace(ONE, TWO)


def test_an_unpinned_release_takes_the_digest_away_and_back() -> None:
    bare = declaration.edit(TEXT, Release("1.4.0", None), "version.yaml")

    assert "digest" not in bare
    assert "pullPolicy: Always" in bare
    assert yaml.safe_load(declaration.edit(bare, Release("1.4.0", ONE), "version.yaml")) == yaml.safe_load(
        TEXT
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kind: IrisModel", "kind: Deployment", "is not an IrisModel"),
        (
            "version: 1.4.0",
            "version: 1.4",
            r"spec.version: found 1.4; expected a version as text, such as '1.4.0' in quotes",
        ),
        ("version: 1.4.0", "versio: 1.4.0", r"spec.version: found None"),
        (ONE, "sha256:12", r"spec.image.digest: found 'sha256:12'"),
        ("replicas: 3", "artifact: {image: {digest: 7}}", r"spec.artifact.image.digest: found 7"),
        ("replicas: 3", "artifact: {}", r"spec.artifact.image: found None; expected the image of the model"),
        ("namespace: iris", "namespace: 7", r"metadata.namespace: found 7"),
        ("spec:", "spec: [", "is not one YAML document"),
        ("replicas: 3", "replicas: 3\n---\na: b", "is not one YAML document"),
    ],
)
def test_a_wrong_file_is_refused_with_its_field(old: str, new: str, message: str) -> None:
    with pytest.raises(Refused, match=rf"^dev: {message}"):
        declaration.parse(TEXT.replace(old, new), "dev")


def test_what_cannot_be_edited_without_damage_is_refused() -> None:
    flow = "kind: IrisModel\nmetadata: {name: iris, namespace: iris}\nspec: {version: 1.4.0, replicas: 2}\n"

    with pytest.raises(Refused, match=r"cannot be edited in place; write one key per line"):
        declaration.edit(flow, Release("1.5.0", ONE), "dev")
