"""The generated tables of docs/reference are those that the code makes now."""

import pytest

from scripts import reference


@pytest.mark.parametrize("page", reference.tables())
def test_a_reference_page_is_as_make_reference_writes_it(page: str) -> None:
    assert (reference.FOLDER / page).read_text("utf-8") == reference.filled(page)


def test_every_variable_of_the_model_server_has_a_text() -> None:
    assert all(row[-1] for row in reference.of_server())
