"""What the keys of `spec.verify` change in a model's children, and what its status has of the signature."""

import json
from typing import Any, Final

import pytest
from iris_operator import children
from iris_operator.children import verify_config_map
from iris_operator.decide import signatures, status
from iris_operator.decide.verdict import Verdict
from iris_operator.model.spec import IrisModel, SigningKey, Verify
from iris_operator.observe.proof import Proof

from tests.operator import bodies, situations
from tests.operator.bodies import pod_of

PEM: Final = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAElk5yf/SaZI9QyahG+i9ucCmpAn48\n"
    "ot2o7bCiPMgRiO1IntHrMc8Y2ckSGOM/9urFlHE3qkZvKyCdQEIFyvvzAw==\n"
    "-----END PUBLIC KEY-----\n"
)
RELEASE: Final = {"name": "release", "publicKey": PEM}
DECLARED: Final = Verify((SigningKey("release", PEM), SigningKey("next", "other")))
SIGNED = Proof("1.4.0", "sha256:d", signed_by="release")
UNSIGNED = Proof("1.4.0", "sha256:d")
SILENT = Proof(failure="no answer")


def verified(*keys: dict[str, Any], mode: str = "Enforce", **declared: Any) -> IrisModel:
    return bodies.model(verify={"keys": list(keys or (RELEASE,)), "mode": mode}, **declared)


def listed_by(model: IrisModel) -> dict[str, Any]:
    found = verify_config_map.build(model)
    assert found is not None
    return found


def test_the_keys_are_an_immutable_config_map_that_the_pods_read_by_an_option() -> None:
    """A server of an older release ends at the option, so it never serves what it cannot verify."""
    model = verified()
    listed, pod = listed_by(model), pod_of(model)
    (container,) = pod["containers"]

    assert listed["immutable"] is True
    assert json.loads(listed["data"]["keys.json"]) == {"keys": [RELEASE]}
    assert pod["volumes"] == [{"name": "verify", "configMap": {"name": listed["metadata"]["name"]}}]
    assert container["command"] == [
        "iris-model-server", "--host", "::", "--port", "8000", "--verify-file", "/etc/iris/verify/keys.json",
    ]  # fmt: skip
    assert container["volumeMounts"] == [
        {"name": "verify", "mountPath": "/etc/iris/verify", "readOnly": True}
    ]
    assert children.condition(verify_config_map.KIND, listed["metadata"]["name"]) == "Ready"


@pytest.mark.parametrize(
    "changed",
    [
        verified(mode="Warn"),
        verified({**RELEASE, "name": "other"}),
        verified(RELEASE, {**RELEASE, "name": "b"}),
    ],
    ids=["mode", "name", "key"],
)
def test_another_list_of_keys_is_another_config_map_and_another_template(changed: IrisModel) -> None:
    assert listed_by(changed)["metadata"]["name"] != listed_by(verified())["metadata"]["name"]
    assert pod_of(changed) != pod_of(verified())


def test_a_model_without_keys_has_no_trace_of_them() -> None:
    model = bodies.model()

    assert verify_config_map.build(model) is None
    assert "verify" not in json.dumps([manifest for _, manifest in bodies.built(model)])


def test_access_keys_and_signing_keys_are_read_beside_each_other() -> None:
    pod = pod_of(verified(access={"keys": []}))
    (container,) = pod["containers"]

    assert [volume["name"] for volume in pod["volumes"]] == ["access", "verify"]
    assert [mount["name"] for mount in container["volumeMounts"]] == ["access", "verify"]
    assert container["command"][5:] == [
        "--management-port", "8001", "--verify-file", "/etc/iris/verify/keys.json",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("proofs", "holds", "words"),
    [
        ([SIGNED, SIGNED], True, "2 of 2 pods that answer serve a model that release or next signed"),
        ([SIGNED, SILENT], True, "1 of 1 pods that answer serve a model that release or next signed"),
        (
            [SIGNED, UNSIGNED],
            False,
            "1 of 2 pods that answer serve a model that release or next signed; expected",
        ),
        (
            [Proof("1.4.0", "sha256:d", signed_by="former")],
            False,
            "0 of 1 pods that answer serve a model that ",
        ),
        ([SILENT], False, "0 of 0 pods that answer serve a model that "),
    ],
)
def test_the_condition_is_true_once_every_answering_pod_reports_a_declared_key(
    proofs: list[Proof], holds: bool, words: str
) -> None:
    row = signatures.condition(DECLARED, proofs)

    assert row is not None
    assert row[:2] == ("SignatureVerified", holds)
    assert row[3].startswith(words)


@pytest.mark.parametrize(
    ("verify", "proof", "rows", "signer"),
    [(None, UNSIGNED, 0, None), (DECLARED, UNSIGNED, 1, None), (DECLARED, SIGNED, 1, "release")],
    ids=["not asked", "unsigned", "signed"],
)
def test_the_status_names_the_key_that_signed_what_serves(
    verify: Verify | None, proof: Proof, rows: int, signer: str | None
) -> None:
    facts = situations.facts(proofs={"new": proof}, verify=verify)

    made = status.build(facts, Verdict(ready=True, reason="Serving", message="as declared"), {})

    assert [row["type"] for row in made["conditions"]].count("SignatureVerified") == rows
    assert made.get("signedBy") == signer
