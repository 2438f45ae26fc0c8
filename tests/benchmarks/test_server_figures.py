"""What the server's benchmark makes of its rounds: noise is left out, ratios compare neighbours."""

import json
from pathlib import Path

from iris_api import keys

from benchmarks import server_contenders as contenders
from benchmarks import server_figures as figures
from benchmarks import server_keys
from benchmarks import server_load as load
from benchmarks import server_report as report
from benchmarks.server_load import Segment


def one(ours: float, peer: float, foreign: float = 0.0) -> dict[str, Segment]:
    return {"fast_path": Segment(ours, 0.0), "kserve-v1": Segment(peer, foreign), "limit": Segment(100, 0.0)}


def test_rounds_that_somebody_disturbed_do_not_count() -> None:
    rounds = [one(200, 5), one(210, 5), one(190, 5), one(20, 5, foreign=0.4)]

    figure = figures.rate("server.fast_path", "fast_path", rounds, ["kserve-v1"])

    assert (figure["value"], figure["times_best_peer"], figure["times_limit"]) == (200, 40, 2)
    assert figure["rounds"] == "3 of 4"
    assert figure["foreign"] == 0


def test_with_too_few_quiet_rounds_the_quietest_count_and_say_so() -> None:
    rounds = [one(100, 10, foreign) for foreign in (0.5, 0.3, 0.2, 0.1)]

    figure = figures.rate("server.fast_path", "fast_path", rounds, ["kserve-v1"])

    assert (figure["rounds"], figure["foreign"]) == ("3 of 4", 0.3)


def test_a_ratio_compares_what_ran_side_by_side() -> None:
    rounds = [one(1000, 100), one(10, 1), one(500, 50)]

    assert figures.ratio(rounds, "fast_path", "kserve-v1") == 10


def test_less_is_better_for_a_cost() -> None:
    figure = figures.least("server.memory", "fast_path", {"fast_path": [50], "a": [200], "b": [100]}, "MB")

    assert (figure["times_best_peer"], figure["best_peer"]) == (2, "b")
    assert figure["times_a"] == 4


def test_a_flame_picture_runs_nothing_and_names_no_folder() -> None:
    drawn = (
        '<svg onload="init(evt)"><style>text {}</style><script><![CDATA[\nfunction init() {}\n]]></script>'
        '<text id="title" x="5">/home/me/bin/py-spy record</text><text id="search">Search</text>'
        '<g><title>answer (fast.py:9)</title><text x="1">answer</text></g></svg>'
    )

    assert report.still(drawn) == (
        '<svg><style>text {}</style><text id="title" x="5">the fast path</text>'
        '<g><title>answer (fast.py:9)</title><text x="1">answer</text></g></svg>'
    )


def test_both_columns_of_a_model_share_a_row() -> None:
    made = [
        {"figure": "same_computation.linear_32", "times_best_peer": 9.04, "best_peer": "mlserver"},
        {"figure": "same_file.linear_32", "times_best_peer": 40.526, "best_peer": "kserve-v1"},
        {"figure": "same_file.linear_memory", "times_best_peer": 3.7, "best_peer": "mlserver"},
        {"figure": "server.fast_path", "times_best_peer": 40.0, "best_peer": "kserve-v1"},
    ]

    assert report.columns(made)[2:] == [
        "| linear_32 | 9.04 x mlserver | 40.5 x kserve-v1 |",
        "| linear_memory |  | 3.7 x mlserver |",
    ]


def test_a_column_without_peers_is_empty() -> None:
    assert report.columns([{"figure": "same_file.linear_1"}])[2:] == ["| linear_1 |  |  |"]


def test_the_page_names_day_and_machine_of_each_part() -> None:
    made = [
        {"figure": name, "day": day, "machine": f"machine {day}"}
        for name, day in (("server.memory", "1"), ("keys.fast_path", "2"), ("server.batch_100", "2"))
    ]

    assert report.runs(made, "make bench-server")[2:] == [
        "- 1, machine 1: `server`",
        "- 2, machine 2: `keys`, `server`",
    ]


def test_a_part_has_the_median_of_its_pairs_and_an_interval_for_it() -> None:
    """Of 20 values, 95 % for the median is from the 6th to the 15th."""
    rounds = [one(80 + number, 100) for number in range(20)]

    figure = figures.part("keys.fast_path", "fast_path", "kserve-v1", rounds)

    assert (figure["value"], figure["interval"], figure["unit"]) == (0.895, (0.85, 0.94), "of kserve-v1")


def test_the_interval_of_few_pairs_is_all_of_them() -> None:
    assert figures.interval([one(90, 100), one(110, 100)], "fast_path", "kserve-v1") == (0.9, 1.1)


def test_a_server_with_keys_is_asked_with_a_key_of_its_list(tmp_path: Path) -> None:
    listed = tmp_path / "clients.json"
    key = server_keys.write(listed)
    [fast_path] = [one for one in contenders.ours(tmp_path, tmp_path, "1.0.0") if one.name == "fast_path"]

    closed = server_keys.closed(fast_path, listed, key)

    assert keys.digest(key) in {entry["sha256"] for entry in json.loads(listed.read_text())}
    assert closed.environment["IRIS_ACCESS_FILE"] == str(listed)
    for question in (closed.question, closed.asked_for(1), closed.asked_in_binary(1)):
        assert f"authorization: Bearer {key}\r\n".encode() in load.as_bytes(question)
    assert b"authorization" not in load.as_bytes(fast_path.question)
