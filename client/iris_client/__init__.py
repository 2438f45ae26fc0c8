"""Typed predictions from an Iris model server.

`Client` and `AsyncClient` (in `clients`) do the I/O. `exchange` has the rules of retries and versions.
`calls` builds requests and reads answers, `answers` has their types, `address` decides where to connect,
`errors` has the exceptions.
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
