"""A comparison with the release before as lines of text, for the log, the model card and a refusal. Pure."""

from iris_training.compare import CONFIDENCE, Comparison, Difference
from iris_training.errors import Invalid


def lines(comparison: Comparison) -> list[str]:
    """What was compared, each score with its interval, and what follows."""
    fits = comparison.folds * comparison.repeats
    first = (
        f"compared with {comparison.version} ({comparison.estimator}), both fitted on {comparison.rows} rows"
    )
    recall = ", ".join(
        f"{label} {one.new:.3f} against {one.before:.3f}" for label, one in comparison.recall.items()
    )
    return [
        f"{first}, {fits} times each ({comparison.folds} folds, {comparison.repeats} repeats)",
        f"accuracy: {_score(comparison.accuracy)}",
        f"log loss: {_score(comparison.log_loss)}",
        f"recall: {recall}",
        f"agreement: both give {comparison.agreement:.1%} of the rows the same class",
        *_other_data(comparison),
        f"result: {verdict(comparison)}; {limits(comparison)}",
    ]


def refusal(comparison: Comparison, version: str) -> Invalid:
    """The refusal of `--no-worse`."""
    found = []
    if comparison.accuracy.high < 0:
        found.append(f"accuracy {_score(comparison.accuracy)}")
    if comparison.log_loss.low > 0:
        found.append(f"log loss {_score(comparison.log_loss)}")
    expected = f"no worse ({limits(comparison)}); choose other data or parameters, or leave --no-worse out"
    return Invalid(f"{version} beside {comparison.version}", "; ".join(found), expected)


def verdict(comparison: Comparison) -> str:
    """The outcome in a few words."""
    if comparison.same_recipe:
        return "the same estimator, parameters and seed, so nothing differs"
    if comparison.worse:
        return f"worse than {comparison.version}"
    return f"better than {comparison.version}" if comparison.better else "no difference shown"


def limits(comparison: Comparison) -> str:
    """How little so few rows can show."""
    smallest = comparison.accuracy.smallest_detectable
    return f"{comparison.rows} rows rarely show a difference in accuracy below {smallest:.3f}"


def _score(score: Difference) -> str:
    interval = f"{CONFIDENCE:.0%} interval {score.low:+.4f} to {score.high:+.4f}"
    return f"{score.new:.4f} against {score.before:.4f}, difference {score.difference:+.4f} ({interval})"


def _other_data(comparison: Comparison) -> list[str]:
    if comparison.same_data:
        return []
    return [
        f"data: {comparison.version} was trained on other data; this compares the recipes, not the two files"
    ]
