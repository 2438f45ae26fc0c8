"""The fast path: it is used, it says what the reference says, and it steps back when it must."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from iris_model_server import app
from iris_model_server.fastpath import selfcheck
from iris_model_server.fastpath.protocol import FastProtocol
from iris_model_server.fastpath.selfcheck import Line
from iris_model_server.model import artifact
from iris_model_server.model.artifact import Artifact
from iris_model_server.settings import Settings

from tests.model_server import equivalence, wire_inputs
from tests.model_server.equivalence import Comparison
from tests.model_server.wire_inputs import Input


async def test_a_seeded_sample_of_inputs_is_answered_alike(folder: Path) -> None:
    assert await equivalence.run(inputs=600, seed=7, folder=folder) is None


async def test_a_seeded_sample_for_a_model_that_does_not_fold_is_answered_alike(folder: Path) -> None:
    assert await equivalence.run(inputs=300, seed=11, folder=folder, unfolded=True) is None


async def test_two_requests_cut_anywhere_are_answered_alike(folder: Path) -> None:
    comparison = Comparison(folder)

    differences = [
        await comparison.compare(given)
        for given in wire_inputs.every_cut(wire_inputs.right(1) + wire_inputs.right(2))
    ]

    assert set(differences) == {None}
    assert comparison.compare_metrics() is None


async def test_requests_with_a_known_head_cut_anywhere_are_answered_alike(folder: Path) -> None:
    """What is remembered of a head while bytes come in odd chunks must mean the same to the next one."""
    comparison = Comparison(folder)
    plain = wire_inputs.right(None)

    for given in wire_inputs.every_cut(plain + plain):
        assert await comparison.compare(given) is None
        assert await comparison.compare(Input((plain, plain, plain))) is None
        # The second chunk alone: what ended a head is no head.
        assert await comparison.compare(Input(given.chunks[1:])) is None
    assert comparison.compare_metrics() is None


@pytest.fixture
async def line(folder: Path, settings: Settings) -> AsyncIterator[Line]:
    server = app.create_app(settings, artifact.load(folder))
    line = Line(selfcheck.configuration(server), selfcheck.quick(settings, server))
    yield line
    server.log.flush()
    line.hang_up()


INFER = b'{"inputs":[{"name":"x","shape":[1,4],"datatype":"FP64","data":[5.1,3.5,1.4,0.2]}]}'


@pytest.mark.parametrize(
    "request_",
    [
        wire_inputs.right(),
        wire_inputs.right(None),
        b"POST %b HTTP/1.1\r\nhost: iris\r\ncontent-length: %d\r\n\r\n%b"
        % (wire_inputs.INFER, len(INFER), INFER),
    ],
    ids=["with an id of its own", "without", "V2"],
)
async def test_a_right_request_needs_no_task(line: Line, request_: bytes) -> None:
    line.protocol.data_received(request_ * 3)
    line.protocol.data_received(request_)

    assert line.wire.written.count(b"HTTP/1.1 200 OK\r\n") == 4
    assert line.state.tasks == set()


async def test_a_head_read_before_needs_no_parser(line: Line) -> None:
    line.protocol.data_received(wire_inputs.right(None))
    line.protocol.parser = None  # type: ignore[assignment]  # whoever asks it now fails

    line.protocol.data_received(wire_inputs.right(None))

    assert line.wire.written.count(b"HTTP/1.1 200 OK\r\n") == 2


async def test_heads_that_clients_invent_are_forgotten(line: Line) -> None:
    assert isinstance(line.protocol, FastProtocol)
    for number in range(2000):
        line.protocol.data_received(wire_inputs.right(None).replace(b"Host: iris", b"Host: h%d" % number))
    line.protocol.data_received(wire_inputs.right(None).replace(b"Host: iris", b"Host: " + b"h" * 4000))

    assert line.wire.written.count(b"HTTP/1.1 200 OK\r\n") == 2001
    assert len(line.protocol.fast.heads) <= 512
    assert sum(map(len, line.protocol.fast.heads)) < 1_048_576


async def test_broken_bytes_wait_for_the_answers_before_them(folder: Path) -> None:
    seen = await Comparison(folder).reference.see(Input((wire_inputs.right() + b"broken\r\n\r\n",)))

    assert [part[:3] for part in seen.written.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]
    assert seen.closed


@pytest.mark.parametrize(
    ("head", "status"),
    [(b"x: " + b"y" * 5000, b"431"), (b"x: y\r\n" * 120 + b"z: z", b"431"), (b"x: y", b"200")],
)
async def test_a_large_head_is_refused(folder: Path, head: bytes, status: bytes) -> None:
    comparison = Comparison(folder)

    seen = await comparison.fast.see(Input((b"GET /livez HTTP/1.1\r\nhost: a\r\n%b\r\n\r\n" % head,)))

    assert seen.written.startswith(b"HTTP/1.1 %b " % status)


@pytest.fixture
async def unfolded(tmp_path: Path) -> AsyncIterator[Line]:
    """A line to a model that does not fold, its request sent and not answered yet."""
    made = equivalence.write_unfolded(tmp_path / "unfolded")
    server = app.create_app(Settings(artifact_dir=made), artifact.load(made))
    line = Line(selfcheck.configuration(server), selfcheck.quick(Settings(artifact_dir=made), server))
    line.protocol.data_received(wire_inputs.right())
    assert line.wire.written == b""
    assert line.state.tasks == set()
    yield line
    await settled(line)
    assert isinstance(line.protocol, FastProtocol)
    assert line.protocol.fast.context.metrics.in_flight == 0
    server.log.flush()


async def settled(line: Line) -> None:
    async with asyncio.timeout(60):
        metrics = line.protocol.fast.context.metrics  # type: ignore[attr-defined]  # FastProtocol
        while metrics.in_flight:  # noqa: ASYNC110  # nothing tells of it
            await asyncio.sleep(0.001)


async def test_an_answer_that_waits_for_its_model_needs_no_task(unfolded: Line) -> None:
    await settled(unfolded)

    assert unfolded.wire.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert not unfolded.wire.closed


async def test_a_shutdown_waits_for_the_model(unfolded: Line) -> None:
    unfolded.protocol.shutdown()
    assert not unfolded.wire.closed

    await settled(unfolded)

    assert unfolded.wire.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nconnection: close\r\n" in unfolded.wire.written
    assert unfolded.wire.closed


async def test_a_client_that_left_before_the_answer_is_sent_nothing(unfolded: Line) -> None:
    unfolded.hang_up()

    await settled(unfolded)

    assert unfolded.wire.written == b""
    assert unfolded.state.total_requests == 0


def test_the_fast_path_is_chosen_by_default_and_not_when_off(folder: Path, settings: Settings) -> None:
    server = app.create_app(settings, artifact.load(folder))

    assert issubclass(selfcheck.choose(settings, server), FastProtocol)
    off = settings.model_copy(update={"fast_path": "Off"})
    assert not issubclass(selfcheck.choose(off, server), FastProtocol)


def test_an_unknown_uvicorn_falls_back(folder: Path, settings: Settings) -> None:
    reason = selfcheck.refusal_of(settings, artifact.load(folder), "99.0.0")

    assert reason == "uvicorn 99.0.0, expected 0.54.0"


def test_what_is_not_answered_as_the_reference_does_falls_back(
    folder: Path, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    loaded = artifact.load(folder)
    # No flower that the API would take: both paths refuse it, so nothing was proven.
    golden = [msgspec.structs.replace(loaded.card.golden[0], input=[-1.0, 0.0, 0.0, 0.0])]
    unproven = Artifact(card=msgspec.structs.replace(loaded.card, golden=golden), model=loaded.model)

    chosen = selfcheck.choose(settings, app.create_app(settings, unproven))

    assert not issubclass(chosen, FastProtocol)
    assert "fast path disabled, serving from the reference path: its golden predictions differ" in caplog.text
