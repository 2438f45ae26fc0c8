"""`status.source`: the revision and the Kustomization that last changed the spec. Pure."""

from collections.abc import Mapping


def is_half_known(source: Mapping[str, str]) -> bool:
    """Whether the revision could not be read yet."""
    return bool(source) and "revision" not in source
