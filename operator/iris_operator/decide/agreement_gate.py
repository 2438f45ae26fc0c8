"""The gate before a candidate replaces the stable version: do they agree on the reference rows? Pure."""

from collections.abc import Mapping
from typing import Any, Final

from iris_api import judge

from iris_operator.observe.agreement import Agreement

_SHOWN: Final = 3
_DEVIATIONS: Final = 1.96  # a 95 % interval


def refusal(found: Agreement, per_mille: int) -> str:
    """Why the candidate is refused, or None. Rows that stable may be trained on are only reported."""
    if not found.is_judged or found.reaches(per_mille):
        return ""
    share = 1000 * found.agree // found.rows
    low, high = judge.wilson(judge.Share(found.agree, found.rows), _DEVIATIONS)
    return (
        f"found the same class for {found.agree} of {found.rows} reference rows ({share} per 1,000), "
        f"expected at least {per_mille} per 1,000 (spec.rollout.gates.agreementPerMille); "
        f"differences: {', '.join(found.differ[:_SHOWN])}; "
        f"with so few rows the true share may be {1000 * low:.0f} to {1000 * high:.0f} per 1,000"
    )


def reported(found: Agreement) -> Mapping[str, Any]:
    """As `status.rollout` has it."""
    table: dict[str, Any] = {"rows": found.rows, "agree": found.agree, "judged": found.is_judged}
    return {"agreement": table | ({"differ": list(found.differ)} if found.differ else {})}
