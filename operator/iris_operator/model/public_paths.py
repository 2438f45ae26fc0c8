"""The paths of the model server that a route makes public. Pure.

Metrics and the reload of the model stay inside the cluster.
"""

from typing import Final

_EXACT: Final = "Exact"
_PREFIX: Final = "Prefix"

# The page comes first: its path identifies the route (`routes.carried`).
_PATHS: Final = (
    ("/", _EXACT),
    ("/docs", _EXACT),
    ("/openapi.json", _EXACT),
    ("/livez", _EXACT),
    ("/readyz", _EXACT),
    ("/api/v1/health", _EXACT),
    ("/api/v1/predict", _EXACT),
    ("/api/v1/predict/batch", _EXACT),
    ("/api/v1/model/info", _EXACT),
    ("/api/v1/model/reference", _EXACT),
    ("/v1/models", _PREFIX),
    ("/v2", _PREFIX),
)


def below(path: str) -> list[tuple[str, str]]:
    """The public paths below a route's path, each with its type: `Exact` or `Prefix`."""
    base = path.rstrip("/")
    listed = [(base + public, kind) for public, kind in _PATHS]
    # Below a path, the page has two spellings.
    return [(base, _EXACT), *listed] if base else listed
