"""The paths of the model server that a route makes public. Pure.

Metrics and the reload of the model stay inside the cluster.
"""

from typing import Final

EXACT: Final = "Exact"
PREFIX: Final = "Prefix"

# The page comes first: its path identifies the route (`routes.carried`).
_PATHS: Final = (
    ("/", EXACT),
    ("/docs", EXACT),
    ("/openapi.json", EXACT),
    ("/livez", EXACT),
    ("/readyz", EXACT),
    ("/api/v1/health", EXACT),
    ("/api/v1/predict", EXACT),
    ("/api/v1/predict/batch", EXACT),
    ("/api/v1/model/info", EXACT),
    ("/api/v1/model/reference", EXACT),
    ("/v1/models", PREFIX),
    ("/v2", PREFIX),
)


def below(path: str) -> list[tuple[str, str]]:
    """The public paths below a route's path, each with its type: `Exact` or `Prefix`."""
    base = path.rstrip("/")
    listed = [(base + public, kind) for public, kind in _PATHS]
    # Below a path, the page has two spellings.
    return [(base, EXACT), *listed] if base else listed
