"""The language of the document, and a browser that translates the page."""

import re

import pytest
from playwright.sync_api import expect

from dualnet.lesson.steps import STEPS
from dualnet.text import LANGUAGES
from tests.browser.helpers import rerun, segment

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Wraps texts in two <font> elements, as Chromium's translator does, but not where translate="no".
TRANSLATE = """() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts = [];
    while (walker.nextNode()) texts.push(walker.currentNode);
    for (const text of texts) {
        if (!text.data.trim() || !text.parentElement.translate) continue;
        if (text.parentElement.closest('script, style, svg, font')) continue;
        const outer = document.createElement('font'), inner = document.createElement('font');
        text.replaceWith(outer);
        outer.append(inner);
        inner.append(text.data);
    }
}"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_has_the_language_of_the_page(visit, language):
    page = visit(language=language)
    expect(page.locator("html")).to_have_attribute("lang", language)
    other, words = {"en": ("ko", "한국어"), "ko": ("en", "English")}[language]
    with rerun(page):
        segment(page, "language", words).click()
    expect(page.locator("html")).to_have_attribute("lang", other)


def test_a_translated_page_shows_the_question_of_its_step(visit):
    page = visit("?step=loss")
    page.evaluate(TRANSLATE)
    with rerun(page):
        page.locator(".st-key-show button:visible").click()
    page.evaluate(TRANSLATE)
    with rerun(page):
        page.locator(".st-key-next button:visible").click()
    step = STEPS[1]
    question = re.sub("[*`]", "", step.text("ask", step.view()))
    expect(page.locator("h1")).to_have_text(question)
