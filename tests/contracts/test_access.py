"""A list as the operator writes it is read by the server, and all agree on the form of a key."""

from datetime import UTC, datetime
from random import Random

import pytest
from iris_api import keys
from iris_client import keys as client_keys
from iris_model_server.access import clients
from iris_model_server.access import keys as server_keys
from iris_operator.children import access_config_map

from tests.operator import bodies

DIGEST = "a" * 64


def test_the_server_reads_the_list_that_the_operator_writes() -> None:
    listed = [
        {"name": "shop", "sha256": DIGEST, "requestsPerSecond": 50, "notAfter": "2027-01-31T00:00:00Z"},
        {"name": "batch", "sha256": "b" * 64},
    ]
    built = access_config_map.build(bodies.model(access={"keys": listed}))
    assert built is not None

    assert clients.parse(built["data"][access_config_map.FILE].encode()) == [
        clients.Entry("shop", DIGEST, 50, datetime(2027, 1, 31, tzinfo=UTC)),
        clients.Entry("batch", "b" * 64),
    ]


def made(seed: int) -> str:
    return keys.make(Random(seed).randbytes(keys.RANDOM_BYTES))  # noqa: S311  # to repeat a run


@pytest.mark.parametrize(
    "key", [made(seed) for seed in range(50)] + [keys.make(b"\0" * 32), keys.make(b"\xff" * 32)]
)
def test_all_accept_a_key_as_it_is_made(key: str) -> None:
    assert (keys.fault(key), server_keys.fault(key.encode())) == ("", "")
    assert client_keys.headers(key) == {"Authorization": f"Bearer {key}"}


def client_fault(key: str) -> str:
    with pytest.raises(ValueError, match=r"^key: ") as refused:
        client_keys.headers(key)
    return str(refused.value).removeprefix("key: ")


@pytest.mark.parametrize("seed", range(20))
def test_all_refuse_a_key_with_one_other_digit(seed: int) -> None:
    key, at = made(seed), 5 + seed * 2
    other = key[:at] + ("a" if key[at] != "a" else "b") + key[at + 1 :]

    assert keys.fault(other).startswith("its checksum")
    assert server_keys.fault(other.encode()) == keys.fault(other) == client_fault(other)


@pytest.mark.parametrize(
    "key", ["", "iris_", "secret", made(1)[:-1], made(1) + "x", made(1).upper(), made(1) + "\n"]
)
def test_all_refuse_another_form_alike(key: str) -> None:
    assert keys.fault(key).startswith("not in the form of a key")
    assert server_keys.fault(key.encode()) == keys.fault(key) == client_fault(key)
