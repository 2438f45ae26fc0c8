"""Questions and contenders of the server's benchmark: what goes over the wire, and how ours is started."""

import json
import re
import struct
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from benchmarks import server_contenders as contenders
from benchmarks import server_load as load
from benchmarks.server_contenders import INFER, ROW, Contender, Question


def contender(*, binary: bool) -> Contender:
    return Contender("one", ["one"], Question(INFER, contenders.tensor(1)), INFER, binary=binary)


def test_a_question_in_binary_has_its_rows_behind_the_json_of_the_stated_length() -> None:
    question = contender(binary=True).asked_in_binary(2)

    length = int(question.headers["inference-header-content-length"])
    described = json.loads(question.content[:length])
    assert described["inputs"][0]["parameters"] == {"binary_data_size": 64}
    assert struct.unpack("<8d", question.content[length:]) == ROW * 2


def test_a_contender_without_binary_tensors_is_asked_in_json() -> None:
    one = contender(binary=False)

    assert one.asked_in_binary(3) == one.asked_for(3)
    assert set(one.asked_in_binary(3).headers) == {"content-type"}


@given(st.binary(max_size=60))
def test_a_body_is_the_same_bytes_for_the_load_generator(content: bytes) -> None:
    written = load.lua(content)

    assert re.fullmatch(r"(?:[ -&(-\[\]-~]|\\\d{3})*", written)
    read = re.sub(rb"\\(\d{3})", lambda found: bytes([int(found[1])]), written.encode())
    assert read == content


def test_our_server_has_the_variables_of_its_image(tmp_path: Path) -> None:
    dockerfile = (Path(__file__).parents[2] / "Dockerfile.server").read_text(encoding="utf-8")
    image = dict(re.findall(r"^(?:ENV)? +(\w+)=(\S+)", dockerfile, re.MULTILINE))
    [fast_path] = [one for one in contenders.ours(tmp_path, tmp_path, "1.0.0") if one.name == "fast_path"]

    shared = {name: value for name, value in image.items() if name.endswith(("_THREADS", "_THRESHOLD_"))}

    assert len(shared) == 4
    assert shared.items() <= fast_path.environment.items()
