"""Answers put together from text: byte for byte what the encoder would say."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from iris_model_server.prediction.answer_templates import AnswerTemplates
from iris_model_server.schemas import FEATURES, PredictAnswer

LABELS = st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=4)
IDS = st.from_regex(r"[A-Za-z0-9._-]{1,128}", fullmatch=True)
SHARES = st.lists(st.floats(0, 1), min_size=2, max_size=4)


@given(LABELS, IDS, SHARES, st.lists(st.sampled_from(FEATURES), unique=True), st.data())
def test_an_answer_reads_as_the_encoder_writes_it(
    labels: list[str], request_id: str, shares: list[float], outside: list[str], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(labels) - 1))

    found = AnswerTemplates(labels, "1.4.0").answer(index, request_id, shares, outside)

    answer = PredictAnswer(index, labels[index], request_id, "1.4.0", shares, outside)
    assert found == msgspec.json.encode(answer)
