"""Whether a model's pods serve what a declared key signed, as they report it. Pure."""

from collections.abc import Collection
from typing import Final

from iris_api import reasons

from iris_operator.model.spec import Verify
from iris_operator.observe.proof import Proof

CONDITION: Final = "SignatureVerified"

Row = tuple[str, bool, str, str]


def condition(declared: Verify | None, proofs: Collection[Proof]) -> Row | None:
    """The condition; None without `spec.verify`."""
    if declared is None:
        return None
    names = [key.name for key in declared.keys]
    found = [proof for proof in proofs if not proof.failure]
    signed = sum(proof.signed_by in names for proof in found)
    message = f"{signed} of {len(found)} pods that answer serve a model that {' or '.join(names)} signed"
    if found and signed == len(found):
        return CONDITION, True, reasons.SIGNATURE_VERIFIED, message
    message += "; expected all, once the rollout is done; the logs of the others have the reason"
    return CONDITION, False, reasons.SIGNATURE_NOT_VERIFIED, message


def signer(proofs: Collection[Proof]) -> str:
    """The key that signed what these pods serve; empty where they differ or nobody signed."""
    names = {proof.signed_by for proof in proofs}
    return names.pop() if len(names) == 1 else ""
