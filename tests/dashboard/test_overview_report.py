"""The report on page Overview: made on request, offered as a file."""

import pytest

from ui.state import jobs


@pytest.mark.parametrize(("language", "word"), [("en", "Report"), ("ja", "レポート")])
def test_the_report_is_made_on_request_in_the_persons_language(own_workspace, open_page, language, word):
    app = open_page("overview", data="colours", split="test", lang=language)
    offered = [button.proto.label for button in app.get("download_button")]
    assert not app.exception and word not in offered and word in [heading.value for heading in app.subheader]
    app.button(key="work_begin").click().run(timeout=180)
    assert not app.exception and not app.error
    assert [button.proto.label for button in app.get("download_button")] == [*offered, word]
    [page] = app.session_state[jobs._RESULTS].values()
    assert f'<html lang="{language}">' in page


def test_no_report_without_an_evaluation(own_workspace, open_page):
    app = open_page("overview", data="colours", split="train")
    assert not app.exception and "Report" not in [heading.value for heading in app.subheader]
