"""The end of the lesson on the page: the summary, and the handout under Downloads."""

import pytest

from dualnet.app.serving import cache
from dualnet.lesson.steps import BY_NAME, STEPS
from dualnet.text import LANGUAGES, translator


def press(page, key):
    [button] = [button for button in page.button if button.key == key]
    return button.click().run()


def test_the_last_step_lists_the_findings_and_counts_the_right_choices(open_page):
    page = press(press(open_page(step="loss"), "answer2"), "show")  # the confirmed option
    page = press(press(page, "next"), "show")
    for name in ("loss", "luck"):
        assert name in page.session_state.findings
    page.query_params = {"step": "code"}
    page = press(page.run(), "show")
    assert not page.exception
    t = translator("en")
    assert t("lesson.summary") in [heading.value for heading in page.subheader]
    [summary] = [text.value for text in page.markdown if text.value.startswith("1. ")]
    numbers = [int(line.split(".")[0]) for line in summary.splitlines() if line[:1].isdigit()]
    assert numbers == [BY_NAME[name].number for name in ("loss", "luck", "code")]
    assert t("lesson.score", right=1, count=1) in summary


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_handout_is_made_in_the_language_of_the_page(open_page, language):
    page = open_page(language, epochs="20")
    page.session_state["take"] = True
    page = press(page.run(timeout=300), "handout_make")
    assert not page.exception
    assert not page.error
    text = cache.HANDOUTS.get((language, "/"), lambda: "")
    assert not page.get("progress")
    assert f'<html lang="{language}">' in text
    assert text.count('class="answer"') == len(STEPS)
    labels = [button.proto.label for button in page.get("download_button")]
    assert translator(language)("downloads.save", ending="html") in labels
