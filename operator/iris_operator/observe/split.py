"""How the live route divides requests between the stable pods and the candidate. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Split:
    """`is_settled`: the route's controller has accepted it as it is now."""

    percent: int  # of the candidate
    is_settled: bool
    refusal: str = ""  # why requests cannot be split, and what to do about it
    is_final: bool = False  # whether waiting does not help


# Without a route nobody outside the cluster reaches either of them.
NONE = Split(0, is_settled=True)
