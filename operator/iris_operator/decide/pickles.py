"""Whether a model's servers refuse pickles, as declared and as their pods prove. Pure."""

from collections.abc import Collection
from typing import Final

from iris_api import reasons

from iris_operator.observe.proof import Proof

CONDITION: Final = "PickleDenied"
ALLOW: Final = "Allow"
DENY: Final = "Deny"

Row = tuple[str, bool, str, str]


def condition(declared: str | None, proofs: Collection[Proof]) -> Row | None:
    """The condition; None where somebody has declared Allow."""
    if declared == ALLOW:
        return None
    if declared is None:
        message = "found no spec.server.pickle, which means Allow: a model that is not data is opened as a "
        message += "pickle, which can run code; expected Deny, or Allow to accept that"
        return CONDITION, False, reasons.PICKLE_ALLOWED, message
    found = [proof for proof in proofs if not proof.failure]
    unable = sum(not proof.pickle for proof in found)
    if unable:
        message = f"{unable} of {len(found)} pods run a server that does not report "
        message += "spec.server.pickle, expected an image of a newer release"
        return CONDITION, False, reasons.PICKLE_NOT_DENIED, message
    denied = sum(proof.pickle == DENY for proof in found)
    message = f"{denied} of {len(found)} pods that answer open no pickle"
    if found and denied == len(found):
        return CONDITION, True, reasons.PICKLE_DENIED, message
    return CONDITION, False, reasons.PICKLE_NOT_DENIED, f"{message}; expected all, once the rollout is done"
