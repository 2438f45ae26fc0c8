"""The machine's package sources as mmdebstrap needs them: its own mirror, and nobody else's packages."""

from hypothesis import given
from hypothesis import strategies as some
from iris_local_cluster.programs import apt_sources
from iris_local_cluster.programs.apt_sources import Source

DEBIAN = """\
# A comment that names https://elsewhere.invalid
Types: deb deb-src
URIs: http://mirror.example/debian
Suites: bookworm bookworm-backports
 bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.example/debian-security
Suites: bookworm-security
Components: main
"""


def _lines(files: dict[str, str], codename: str = "bookworm") -> list[str]:
    return [source.line() for source in apt_sources.distribution(files, codename=codename)]


def test_the_stanzas_of_a_new_debian_are_read() -> None:
    keyring = "[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] "

    assert _lines({"/etc/apt/sources.list.d/debian.sources": DEBIAN}) == [
        f"deb {keyring}http://mirror.example/debian bookworm main",
        f"deb {keyring}http://mirror.example/debian bookworm-updates main",
        "deb http://mirror.example/debian-security bookworm-security main",
    ]


def test_the_lines_of_an_ubuntu_are_read() -> None:
    text = """\
# deb http://commented.example/ubuntu noble main
deb [arch=amd64 signed-by=/usr/share/keyrings/ubuntu-keyring.gpg] http://mirror.example/u noble main universe
deb-src http://mirror.example/u noble main
deb http://mirror.example/u noble-security main restricted  # the rest
"""

    assert _lines({"/etc/apt/sources.list": text}, "noble") == [
        "deb [signed-by=/usr/share/keyrings/ubuntu-keyring.gpg] http://mirror.example/u noble main universe",
        "deb http://mirror.example/u noble-security main",
    ]


def test_foreign_archives_stay_outside() -> None:
    files = {
        "a.list": "deb [signed-by=/usr/share/keyrings/nodesource.gpg] https://node.example bookworm main",
        "b.list": "deb https://cloud.example cloud-sdk-bookworm main",
        "c.list": "deb https://docker.example bookworm stable",
        "d.sources": "Types: deb\nURIs: https://x.example\nSuites: bookworm\nComponents: main\nEnabled: no\n",
    }

    assert _lines(files) == []


def test_a_source_named_twice_is_used_once() -> None:
    line = "deb http://mirror.example/debian bookworm main\n"

    assert len(_lines({"a.list": line, "b.list": line})) == 1


@given(some.dictionaries(some.sampled_from(["a.list", "b.sources"]), some.text(max_size=200)))
def test_no_text_raises_in_the_reader_of_package_sources(files: dict[str, str]) -> None:
    assert all(isinstance(source, Source) for source in apt_sources.distribution(files, codename="bookworm"))
