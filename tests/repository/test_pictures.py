"""Pictures of the documents are small, all there, and made from the present commands, panels and version."""

import io
import json
import re
import socket
from pathlib import Path
from typing import Final, cast

import numpy as np
import pytest
from iris_cli import console
from PIL import Image, ImageColor

from scripts.pictures import browser, session, terminal
from tests.harness import model_servers

LARGEST: Final = 150 * 1024
STYLES: Final = Path(console.__file__).parent / "static/console.css"
PICTURES: Final = [f"{name}.png" for name in session.SCREENS] + ["terminal.svg"]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_there_small_and_shown(name: str) -> None:
    assert 0 < (session.FOLDER / name).stat().st_size <= LARGEST
    assert f"({name})" in (session.FOLDER / "README.md").read_text("utf-8")


def test_no_other_picture_is_there() -> None:
    found = {file.name for file in session.FOLDER.iterdir()}

    assert found == {*PICTURES, "README.md", "made.json"}


def test_pictures_follow_from_the_present_version_commands_and_panels() -> None:
    """`make pictures` makes them anew."""
    assert json.loads((session.FOLDER / "made.json").read_text("utf-8")) == session.made()


@pytest.mark.browser
async def test_a_picture_keeps_the_colour_of_a_rare_word_and_of_page_and_panel() -> None:
    """Serving was grey in the picture of the fleet: few pixels have its green."""
    words = {"waits": "Stepping", "failed": "RolledBack", "ok": "Serving"}
    rows = "".join(
        f'<tr><th><a href="/">iris</a> <span class="soft">park</span></th><td class="differs">1.0.0</td>'
        f'<td><span class="mark {mark}">{word}</span> <span class="soft cause">waits for one pod</span></td>'
        "<td>Ann Bee, 3 d ago: Serve 1.1.0 <code>main@0123456</code></td></tr>"
        for mark, word in words.items()
    )
    styles = STYLES.read_text("utf-8")
    async with browser.page() as page:
        await page.set_content(
            f"<style>{styles}</style><h1>Models</h1><div class=card><table id=fleet>{rows}</table></div>"
        )
        picture = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")

    reduced = browser.reduced(picture).convert("RGB")

    for name in (*words, "page", "card"):
        light = re.search(rf"--{name}: (#\w+)", styles)
        assert light
        color = ImageColor.getrgb(light[1])
        place = next(place for place in np.ndindex(picture.size) if picture.getpixel(place) == color)
        pairs = zip(cast("tuple[int, ...]", reduced.getpixel(place)), color, strict=True)
        assert max(abs(found - wanted) for found, wanted in pairs) <= (8 if name in words else 1), name


def test_no_picture_shows_the_model_servers_of_another_run(tmp_path: Path) -> None:
    address = "127.0.90.99"
    with socket.create_server((address, 8000)):
        serving = model_servers.serving({address: tmp_path}, "iris")

        with pytest.raises(AssertionError, match=rf"^{address}:8000: .+, expected a free address$"), serving:
            pass


def test_the_recording_has_every_command() -> None:
    recorded = (session.FOLDER / "terminal.svg").read_text("utf-8")

    assert recorded.count('class="typed"') >= len(session.COMMANDS)
    assert all(f"$ {command.split()[0]}" in recorded for command in session.COMMANDS)


def test_a_recording_shows_each_line_after_the_one_before_and_escapes_it() -> None:
    drawn = terminal.draw([("iris get", "NAME\n<iris>"), ("iris why iris", "x " * 80)])

    moments = [float(part.split("s")[0]) for part in drawn.split("animation-delay:")[1:]]
    assert moments == sorted(moments)
    assert "&lt;iris&gt;" in drawn
    assert max(len(line.partition(">")[2]) for line in drawn.splitlines() if "<text" in line) < 130


def test_the_readme_shows_a_recording_and_a_rollout_on_its_first_screen() -> None:
    first = (Path(__file__).parents[2] / "README.md").read_text("utf-8").splitlines()[:10]

    assert [line for line in first if "(docs/pictures/terminal.svg)" in line]
    assert [line for line in first if "(docs/pictures/console-rollout.png)" in line]
