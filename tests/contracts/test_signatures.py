"""Keys as the operator writes them are read by the server, and both use the same words for a refusal."""

from iris_api import reasons
from iris_model_server.signature import bundle, keys
from iris_operator.children import verify_config_map

from tests.operator import bodies
from tests.operator.test_verify import RELEASE


def test_the_server_reads_the_keys_that_the_operator_writes() -> None:
    for mode, enforced in (("Enforce", True), ("Warn", False)):
        built = verify_config_map.build(bodies.model(verify={"keys": [RELEASE], "mode": mode}))
        assert built is not None

        read = keys.parse(built["data"][verify_config_map.FILE].encode())

        assert ([key.name for key in read.keys.values()], read.enforced) == (["release"], enforced)


def test_operator_and_server_have_the_same_reasons() -> None:
    found = (bundle.UNSIGNED, bundle.WRONG_KEY, bundle.TAMPERED)

    assert found == (reasons.UNSIGNED, reasons.WRONG_KEY, reasons.TAMPERED)
