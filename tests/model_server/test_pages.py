"""The pages: self-contained, and closed to any script but their own."""

import base64
import hashlib
import re

import httpx
import pytest


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_the_page_allows_exactly_its_own_script_and_style(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)

    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", response.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_the_page_asks_nothing_of_any_other_host(client: httpx.AsyncClient, path: str) -> None:
    text = (await client.get(path)).text

    names_of_formats = {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"https?://[^\"'\s]+", text)) <= names_of_formats
    assert " style=" not in text
    assert not re.search(r"\son[a-z]+=", text)
