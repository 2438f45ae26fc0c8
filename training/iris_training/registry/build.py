"""A version from a model of the registry: its data, judged by the rows of a given file. Writes nothing.

The joblib of such a version holds the same plain data as its card and not the registry's pickle, which may
run code: servers check its digest and open the card's data.
"""

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import joblib
import numpy as np

from iris_training import artifact, checks, evaluate, fit, golden, revision
from iris_training.checks import Earlier
from iris_training.data import Dataset
from iris_training.evaluate import Scores
from iris_training.facts import Facts, Imported
from iris_training.fit import Split
from iris_training.golden import Golden
from iris_training.holdout import Row
from iris_training.portable import Portable
from iris_training.previous import Release
from iris_training.registry import answer
from iris_training.registry.answer import Opened
from iris_training.registry.client import Registered
from iris_training.settings import Settings
from iris_training.source import Source


def build(
    origin: Source,
    dataset: Dataset,
    settings: Settings,
    *,
    registered: Registered,
    before: Release | None,
    unprotected: bool,
) -> Mapping[str, bytes]:
    """The files by name, the card last."""
    parts = fit.split(dataset, name=origin.name)
    chosen = golden.inputs(dataset)
    rows = [*chosen, *map(tuple, parts.held_rows.tolist())]
    opened = _opened(registered, rows, unprotected=unprotected)
    answers = opened.probabilities
    pickled = _pickle(opened.portable)
    facts = Facts(
        version=settings.version,
        recipe=None,
        estimator=opened.estimator,
        imported=Imported(registered.uri, registered.run, registered.scikit_learn),
        created=settings.now,
        joblib_sha256=hashlib.sha256(pickled).hexdigest(),
        joblib_bytes=len(pickled),
        libraries=artifact.libraries(),
        commit=revision.of(),
        features=golden.features(dataset),
        scores=_scores(answers[len(chosen) :], parts),
        data_source=origin.name,
        data_sha256=origin.sha256,
        data_rows=len(dataset.rows),
        seed=None,
        golden=tuple(Golden(*pair) for pair in zip(chosen, answers[: len(chosen)], strict=True)),
        warnings=(*_suspicious(dataset, origin, settings, before), *_unprotected(opened.unprotected)),
        reference=artifact.reference(parts),
        portable=opened.portable,
    )
    return artifact.render(facts, pickled)


def _opened(registered: Registered, rows: Sequence[Row], *, unprotected: bool) -> Opened:
    content, form = registered.content, registered.format
    return answer.ask(content, form, rows, name=registered.uri, unprotected=unprotected)


def _scores(answers: Sequence[Sequence[float]], parts: Split) -> Scores:
    scores = evaluate.judge(np.array(answers).argmax(axis=1), parts)
    artifact.log_scores(scores)
    return scores


def _suspicious(
    dataset: Dataset, origin: Source, settings: Settings, before: Release | None
) -> tuple[str, ...]:
    known = None if before is None else Earlier(before.version, before.ranges)
    return artifact.warnings(checks.warnings(dataset, (), name=origin.name, before=known), settings)


def _pickle(portable: Portable) -> bytes:
    """Numbers and lists only: opening it runs nothing."""
    target = io.BytesIO()
    joblib.dump(
        {name: asdict(form) for name in ("linear", "trees") if (form := getattr(portable, name))},
        target,
        protocol=artifact.PICKLE_PROTOCOL,
    )
    return target.getvalue()


def _unprotected(state: str | None) -> list[str]:
    return [] if state is None else [f"the model was opened by a process that was {state}"]
