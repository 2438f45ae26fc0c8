"""What the command line says about the estimator: typed, or refused in one line."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st
from iris_training import estimators, fit
from iris_training.errors import Invalid
from iris_training.estimators import ESTIMATORS, SCALERS, Recipe


def test_the_default_is_the_scaled_regression() -> None:
    assert estimators.parse(estimators.DEFAULT, None, []) == Recipe()
    assert Recipe().describe() == "StandardScaler + LogisticRegression"


def test_a_recipe_is_described_with_scikit_learns_names() -> None:
    recipe = estimators.parse("random-forest", "min-max", ["n_estimators=7", "criterion=entropy"])

    assert recipe.describe() == "MinMaxScaler + RandomForestClassifier(n_estimators=7, criterion='entropy')"


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_parameter_of_the_table_exists_in_scikit_learn(name: str) -> None:
    classifier = fit.pipeline(Recipe(name), seed=1)["classify"]

    accepted = inspect.signature(type(classifier)).parameters

    kind = ESTIMATORS[name]
    assert set(kind.parameters) | set(kind.fixed) <= set(accepted)
    assert ("random_state" in accepted) >= kind.random
    assert kind.scaler in SCALERS


@pytest.mark.parametrize(
    ("estimator", "scaler", "parameters", "line"),
    [
        pytest.param(
            "svm",
            None,
            [],
            "--estimator: found 'svm', expected one of logistic-regression, decision-tree, random-forest, "
            "extra-trees, gradient-boosting, hist-gradient-boosting",
            id="estimator",
        ),
        pytest.param(
            "decision-tree",
            "robust",
            [],
            "--scaler: found 'robust', expected one of standard, min-max, none",
            id="scaler",
        ),
        pytest.param(
            "random-forest",
            None,
            ["n_estimators"],
            "--param: found 'n_estimators', expected name=value, such as n_estimators=100",
            id="no value",
        ),
        pytest.param(
            "logistic-regression",
            None,
            ["n_estimators=5"],
            "--param: found 'n_estimators', "
            "expected a parameter of logistic-regression: C, max_iter, class_weight",
            id="parameter of another estimator",
        ),
        pytest.param(
            "random-forest",
            None,
            ["n_estimators=many"],
            "--param n_estimators: found 'many', expected a whole number from 1 to 1000",
            id="no number",
        ),
        pytest.param(
            "random-forest",
            None,
            ["n_estimators=1001"],
            "--param n_estimators: found '1001', expected a whole number from 1 to 1000",
            id="too many",
        ),
        pytest.param(
            "gradient-boosting",
            None,
            ["learning_rate=nan"],
            "--param learning_rate: found 'nan', expected a number from 1e-06 to 1",
            id="NaN",
        ),
        pytest.param(
            "random-forest",
            None,
            ["criterion=best"],
            "--param criterion: found 'best', expected one of gini, entropy, log_loss",
            id="word",
        ),
        pytest.param(
            "random-forest",
            None,
            ["max_depth=3", "max_depth=4"],
            "--param: found max_depth twice, expected each parameter once",
            id="twice",
        ),
    ],
)
def test_a_wrong_recipe_is_refused_in_one_line(
    estimator: str, scaler: str | None, parameters: list[str], line: str
) -> None:
    with pytest.raises(Invalid) as refused:
        estimators.parse(estimator, scaler, parameters)

    assert str(refused.value) == line


@given(st.sampled_from([*ESTIMATORS]), st.text(max_size=20), st.text(max_size=20))
def test_any_parameter_gives_a_recipe_or_a_refusal_of_one_line(estimator: str, name: str, value: str) -> None:
    for known in (name, *ESTIMATORS[estimator].parameters):
        answer = answer_to(estimator, f"{known}={value}")
        assert [known] == [*answer.parameters] if isinstance(answer, Recipe) else str(answer).isprintable()


def answer_to(estimator: str, parameter: str) -> Recipe | Invalid:
    try:
        return estimators.parse(estimator, None, [parameter])
    except Invalid as refused:
        return refused
