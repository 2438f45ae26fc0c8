"""Where the client connects and which host it names, without a network."""

import httpx
import pytest
from iris_client import Client, address

ANSWER = {"name": "iris", "version": "1.4.0", "digest": "sha256:0", "classes": ["a"]}


@pytest.mark.parametrize(
    "url",
    ["127.0.0.1:8000", "localhost:8000", "iris.example.com", "ftp://iris", "http://", "", "http://iris:port"],
)
def test_a_url_without_scheme_or_host_is_refused_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"^url: found '.*', expected http:// or https:// and a host"):
        address.parse(url, None)


@pytest.mark.parametrize(
    ("url", "host", "connects", "named", "certified"),
    [
        ("http://iris:8000", None, "http://iris:8000", "iris:8000", None),
        ("http://iris.localhost:8080", None, "http://localhost:8080", "iris.localhost:8080", None),
        ("http://IRIS.localhost./a", None, "http://localhost/a", "iris.localhost.", None),
        ("https://iris.localhost", None, "https://localhost", "iris.localhost", "iris.localhost"),
        ("http://localhost", None, "http://localhost", "localhost", None),
        ("http://notlocalhost", None, "http://notlocalhost", "notlocalhost", None),
        ("https://10.0.0.7", "iris.example.com", "https://10.0.0.7", "iris.example.com", "iris.example.com"),
        ("https://10.0.0.7", "iris:8443", "https://10.0.0.7", "iris:8443", "iris"),
    ],
)
def test_the_named_host_is_apart_from_the_address(
    url: str, host: str | None, connects: str, named: str, certified: str | None
) -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=ANSWER)

    with Client(url, host=host, transport=httpx.MockTransport(answer)) as iris:
        iris.model_info()

    assert str(seen[0].url) == f"{connects}/api/v1/model/info"
    assert seen[0].headers["host"] == named
    assert seen[0].extensions.get("sni_hostname") == certified


def test_a_host_that_is_no_host_name_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"^host: found 'http://iris/', expected a host name"):
        address.parse("http://10.0.0.7", "http://iris/")
