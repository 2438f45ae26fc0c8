"""Typed predictions from an Iris model server.

`Client` and `AsyncClient` (in `clients`) carry out what `exchange` decides: it knows every rule of
retries and versions and does no I/O. `calls` says what is sent and how an answer is read, `answers`
what comes back, `address` where to connect, `errors` what can go wrong.
"""

from iris_client.answers import Batch, ModelInfo, Prediction
from iris_client.clients import AsyncClient, Client
from iris_client.errors import IrisError, Refused, Unavailable, WrongVersion
from iris_client.exchange import Retries

__all__ = [
    "AsyncClient",
    "Batch",
    "Client",
    "IrisError",
    "ModelInfo",
    "Prediction",
    "Refused",
    "Retries",
    "Unavailable",
    "WrongVersion",
]
