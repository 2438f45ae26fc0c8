"""The two clients: they send and wait. `exchange` has every rule."""

import asyncio
import time
from types import TracebackType
from typing import Final, Self

import httpx

from iris_client import address, calls, keys
from iris_client.answers import Batch, ModelInfo, Prediction
from iris_client.calls import Answer, Call, Row, Rows
from iris_client.exchange import Exchange, Outcome, Retries

TIMEOUT_SECONDS: Final = 10.0


class Client:
    """Blocking. A row is sepal length and width, petal length and width in centimetres, or these by name.

    `host` is the name in the Host header and the certificate, where `url` is the address of an ingress.
    """

    def __init__(
        self,
        url: str,
        *,
        host: str | None = None,
        key: str | None = None,
        verify_version: str | None = None,
        retries: Retries | None = None,
        timeout: float = TIMEOUT_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        place = address.parse(url, host)
        self._extensions = dict(place.extensions)
        self._http = httpx.Client(
            base_url=place.url,
            headers={**place.headers, **keys.headers(key)},
            timeout=timeout,
            transport=transport,
        )
        self._retries = retries or Retries()
        self._verify_version = verify_version

    def predict(self, row: Row) -> Prediction:
        return self._carried_out(calls.predict(row))

    def predict_batch(self, rows: Rows) -> Batch:
        return self._carried_out(calls.predict_batch(rows))

    def model_info(self) -> ModelInfo:
        return self._carried_out(calls.model_info())

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _carried_out(self, call: Call[Answer]) -> Answer:
        running = Exchange(call, self._retries, self._verify_version)
        while (step := running.step) is not None:
            if isinstance(step, float):
                time.sleep(step)
                running.go_on()
            else:
                running.go_on(self._sent(call))
        return running.answer

    def _sent(self, call: Call[Answer]) -> Outcome:
        try:
            return self._http.request(call.method, call.path, json=call.body, extensions=self._extensions)
        except httpx.TransportError as error:
            return error


class AsyncClient:
    """The same client for asyncio."""

    def __init__(
        self,
        url: str,
        *,
        host: str | None = None,
        key: str | None = None,
        verify_version: str | None = None,
        retries: Retries | None = None,
        timeout: float = TIMEOUT_SECONDS,  # httpx's timeout of each attempt
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        place = address.parse(url, host)
        self._extensions = dict(place.extensions)
        self._http = httpx.AsyncClient(
            base_url=place.url,
            headers={**place.headers, **keys.headers(key)},
            timeout=timeout,
            transport=transport,
        )
        self._retries = retries or Retries()
        self._verify_version = verify_version

    async def predict(self, row: Row) -> Prediction:
        return await self._carried_out(calls.predict(row))

    async def predict_batch(self, rows: Rows) -> Batch:
        return await self._carried_out(calls.predict_batch(rows))

    async def model_info(self) -> ModelInfo:
        return await self._carried_out(calls.model_info())

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _carried_out(self, call: Call[Answer]) -> Answer:
        running = Exchange(call, self._retries, self._verify_version)
        while (step := running.step) is not None:
            if isinstance(step, float):
                await asyncio.sleep(step)
                running.go_on()
            else:
                running.go_on(await self._sent(call))
        return running.answer

    async def _sent(self, call: Call[Answer]) -> Outcome:
        try:
            return await self._http.request(
                call.method, call.path, json=call.body, extensions=self._extensions
            )
        except httpx.TransportError as error:
            return error
