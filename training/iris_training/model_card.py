"""The Markdown model card: the same facts, for people who decide whether to use the model. Pure."""

from collections.abc import Iterable, Sequence

from iris_training import comparison_report, names
from iris_training.columns import CLASSES, UNIT
from iris_training.evaluate import CrossValidation
from iris_training.facts import Facts
from iris_training.portable import Portable


def render(facts: Facts) -> str:
    """One page: what it is, how good it is, what it was trained on, and what it must not be used for."""
    return (
        "\n\n".join(
            [
                *_head(facts),
                *_quality(facts),
                *_comparison(facts),
                *_warnings(facts),
                *_inputs(facts),
                *_origin(facts),
            ]
        )
        + "\n"
    )


def _head(facts: Facts) -> list[str]:
    return [
        f"# Iris classifier {facts.version}",
        _paragraph(
            f"Classifies a flower as {', '.join(CLASSES[:-1])} or {CLASSES[-1]} by four lengths.",
            f"{facts.estimator}, {_origin_verb(facts)} {facts.created:%Y-%m-%d %H:%M:%S} UTC.",
        ),
        "## Use",
        _paragraph(
            "For teaching, demonstrations and as the reference model of a serving system.",
            "It has only these classes: any other flower also gets one of these names.",
            "Its probabilities mean little outside the ranges below.",
            "Do not use it for decisions about people.",
        ),
    ]


def _quality(facts: Facts) -> list[str]:
    scores = facts.scores
    held = sum(map(sum, scores.confusion_matrix))
    return [
        "## How good it is",
        _paragraph(
            f"Accuracy {scores.accuracy:.3f} on the {held} rows held back;",
            *_cross_validated(scores.cross_validated),
        ),
        _table(
            ["class", "precision", "recall", "f1", "rows"],
            (
                [label, f"{one.precision:.3f}", f"{one.recall:.3f}", f"{one.f1:.3f}", str(one.support)]
                for label, one in scores.classes.items()
            ),
        ),
        f"![Confusion matrix, truth by prediction]({names.build(facts.version).picture})",
    ]


def _cross_validated(folds: CrossValidation | None) -> list[str]:
    if folds is None:
        return ["whether the model was trained on some of them is not known."]
    return [
        f"cross-validated over all rows {folds.mean:.3f} ± {folds.spread:.3f} ({folds.folds} folds).",
        "The second figure is based on more rows and is the more reliable one.",
    ]


def _comparison(facts: Facts) -> list[str]:
    if facts.comparison is None:
        return []
    return [
        f"## Beside {facts.comparison.version}",
        "\n".join(f"- {line}" for line in comparison_report.lines(facts.comparison)),
    ]


def _warnings(facts: Facts) -> list[str]:
    if not facts.warnings:
        return []
    return ["## Warnings", "\n".join(f"- {_plain(line)}" for line in facts.warnings)]


def _inputs(facts: Facts) -> list[str]:
    return [
        "## Inputs",
        _table(
            ["feature", "unit", "smallest", "largest"],
            ([one.name, UNIT, f"{one.minimum:g}", f"{one.maximum:g}"] for one in facts.features),
        ),
    ]


def _origin(facts: Facts) -> list[str]:
    held = sum(map(sum, facts.scores.confusion_matrix))
    rows = [
        ["data", f"`{_plain(facts.data_source)}`, {facts.data_rows} rows"],
        ["data sha256", f"`{facts.data_sha256}`"],
        ["split", f"{held} of {facts.data_rows} rows held back, by their own lengths{_seed(facts)}"],
        ["artifact", f"`{names.build(facts.version).joblib}`, {facts.joblib_bytes} bytes"],
        ["artifact sha256", f"`{facts.joblib_sha256}`"],
        _form(facts.portable),
        ["training code", f"commit `{facts.commit}`" if facts.commit else "unknown commit"],
        ["libraries", ", ".join(f"{name} {version}" for name, version in facts.libraries.items())],
    ]
    return [
        "## Where it comes from",
        _table(["what", "value"], rows),
        _paragraph(
            *([] if facts.imported else ["The same data, seed and libraries give the same weights."]),
            "A joblib file can run code when it is opened: open it only after its sha256 matched.",
        ),
    ]


def _origin_verb(facts: Facts) -> str:
    return "trained" if facts.imported is None else f"imported from `{_plain(facts.imported.model)}`"


def _seed(facts: Facts) -> str:
    return "" if facts.seed is None else f"; seed {facts.seed}"


def _form(portable: Portable) -> list[str]:
    if portable.linear:
        return ["weights sha256", f"`{portable.linear.sha256}`"]
    if portable.trees:
        trees = portable.trees
        return [
            "as data",
            f"{len(trees.trees)} trees, {trees.leaves} leaves: the same answers as scikit-learn",
        ]
    return ["as data", f"no: {portable.reason}"]


def _paragraph(*sentences: str) -> str:
    return " ".join(sentences)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(path: str) -> str:
    """A path may contain any character; a table cell may not."""
    return "".join(letter if letter.isprintable() and letter not in "`|" else "?" for letter in path)
