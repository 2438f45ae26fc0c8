"""Reasons of a candidate that has a share of the requests, which `spec.rollout` does not offer yet."""

from typing import Final

STEPPING: Final = "Stepping"  # a candidate has a share of the requests
ROLLOUT_HELD: Final = "RolloutHeld"
SPLIT_IMPOSSIBLE: Final = "SplitImpossible"
CANDIDATE_LOST: Final = "CandidateLost"
GATE_FAILED: Final = "GateFailed"
NOT_ENOUGH_EVIDENCE: Final = "NotEnoughEvidence"
STEP_REACHED: Final = "StepReached"
STABLE_LOST: Final = "StableLost"
