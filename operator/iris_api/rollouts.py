"""Words of `spec.rollout` and `status.rollout`, as in docs/rollouts.md. Pure."""

from typing import Final

# spec.rollout.strategy
CANARY: Final = "Canary"

# status.rollout.state
PREPARING: Final = "Preparing"  # the candidate's pods start, prove their version, and are compared
PROMOTING: Final = "Promoting"  # they were: the stable pods are replaced
PROMOTED: Final = "Promoted"  # the last rollout, until the next one begins
ROLLING_BACK: Final = "RollingBack"  # a promotion failed: the former version comes back
ROLLED_BACK: Final = "RolledBack"  # the candidate was refused; not tried again until the spec changes
