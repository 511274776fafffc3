"""CSS and attributes of the document that Streamlit does not offer."""

import streamlit as st

from dualnet.app.state import state

# Large enough for a class to read and for a thumb. The buttons Show and Next have a frame: white on
# the primary color of the dark theme could hardly be read.
LESSON = """<style>
.st-key-head h1 { padding-block: 0 0.4rem }
.st-key-lesson button, .st-key-answers button { min-height: 2.75rem }
.st-key-answers { margin-top: 0.4rem }
.st-key-answers button { padding: 1rem 0.25rem; height: 100% }
.st-key-answers :is(.stVerticalBlock, .stElementContainer, .stButton) { height: 100% }
.st-key-answers kbd { margin: 0 }
.st-key-show button, .st-key-next button { border: 2px solid currentColor }
.st-key-show button p, .st-key-next button p { font-weight: 700 }
.st-key-answers button p { font-size: 1.1rem }
.st-key-answers button[kind=primary] {
    border: 2px solid currentColor; background: transparent; color: inherit
}
.st-key-verdict p { font-size: 1.15rem }
.st-key-stimulus img { max-height: 52vh; object-fit: contain }
@media (max-width: 1000px) {
    /* Also a window of 1280 pixels at a zoom of 150%. */
    .st-key-lesson_data, :is(.st-key-lesson, .st-key-answers) kbd { display: none !important }
    .st-key-answers [data-testid=stHorizontalBlock] { flex-wrap: wrap }
    .st-key-answers [data-testid=stHorizontalBlock]:has(> :nth-child(4)) > * { min-width: 40% }
}
@media (max-width: 640px) {
    /* The bar is next to the button that opens the sidebar. */
    .stMainBlockContainer { padding-top: 0.5rem !important }
    .st-key-lesson { padding-inline-start: 2.5rem; gap: 0.25rem }
}
</style>"""
# Buttons for a thumb; no sidebar. The button chosen has a frame, as in LESSON.
PHONE = """<style>
.stMainBlockContainer { padding-block: 3.5rem 1rem }
[data-testid=stSidebar], [data-testid=stExpandSidebarButton] { display: none }
.st-key-votes button, .st-key-remote button { min-height: 3.5rem }
.st-key-votes button p { font-size: 1.15rem }
.stMainBlockContainer h1 { padding-block: 0 0.4rem }
:is(.st-key-votes, .st-key-remote) [data-testid=stBaseButton-primary] {
    background: transparent; color: inherit; border: 3px solid currentColor
}
/* After a touch, the option of the next question at this place would look chosen. */
@media (hover: none) {
    .st-key-votes button:hover { background: transparent }
}
</style>"""
# The votes: each option is a bar, filled by its share, behind its words.
SHARES = """<style>
.st-key-shares [data-testid=stProgress] {
    display: grid; align-items: center; min-height: 2.5rem; overflow: hidden;
    border: 1px solid color-mix(in srgb, currentColor 30%, transparent); border-radius: 0.5rem
}
.st-key-shares [data-testid=stProgress] > * { grid-area: 1 / 1; padding: 0.25rem 0.75rem; z-index: 1 }
.st-key-shares [data-testid=stProgress] > [role=progressbar] {
    padding: 0; height: 100%; opacity: 0.3; z-index: 0
}
.st-key-shares [data-testid=stProgressBarTrack] {
    height: 100%; background: transparent; border-radius: 0
}
.st-key-shares [data-testid=stProgress] p { font-size: 1.15rem }
</style>"""
# The teacher's page has a QR code next to the question and still fits a projector of 1280×720.
CLASS = """<style>
.st-key-answers button:disabled {
    color: inherit; opacity: 1; cursor: default; min-height: 4.25rem  /* as the shares after Show */
}
.st-key-corner button { padding-inline: 0.25rem }
.st-key-corner button p { font-size: 0.8rem; white-space: nowrap }
.st-key-invitation h1 { text-align: center }
.st-key-invitation [data-testid=stImage] img { max-height: 45vh; object-fit: contain }
.stApp [data-testid=stMain] .st-key-stimulus img { max-height: 230px }  /* the votes are above */
@media (min-width: 1000px) {
    .stMainBlockContainer { padding: 0.5rem 2.5rem 1rem }
    /* The bar reaches into the header, next to the button that opens the sidebar. */
    .stApp:has([data-testid=stExpandSidebarButton]) .st-key-lesson { padding-inline-start: 1.5rem }
}
</style>"""
TOUCH = """<style>
@media (pointer: coarse) {
    :is([role=radio], [data-testid=stButton] button, [data-testid=stCheckbox] label, summary) {
        min-height: 2.75rem; min-width: 2.75rem
    }
}
</style>"""
# Korean lines break between words, and its letters have no italics.
KOREAN = """<style>
.stApp :is(p, li, label, h1, button, summary) { word-break: keep-all; overflow-wrap: anywhere }
.stApp em { font-style: normal }
</style>"""
# Streamlit's document is lang="en" in every language. A translator would wrap the texts, and React
# could no longer change them; the page has languages of its own.
DOCUMENT = """<script>
document.documentElement.lang = "{language}";
document.documentElement.translate = false;
</script>"""
HIDDEN = """<style>
[data-testid=stLayoutWrapper]:has(> .st-key-document) { display: none }
</style>"""

# Streamlit's header covers the top of the page; only its buttons can be pressed here.
PAGE = """<style>
[data-testid=stHeader] { background: transparent }
[data-testid=stHeader], [data-testid=stHeader] :not(button, button *) { pointer-events: none }
[data-testid=stHeader] button { pointer-events: auto }
.st-key-question [role=radio] { padding-inline: 0.55rem }
[data-testid=stMain]:focus-visible { outline: none; box-shadow: none }
kbd {
    margin-inline-start: 0.75rem; padding: 0.05rem 0.45rem;
    border: 1px solid currentColor; border-bottom-width: 3px; border-radius: 0.3rem; font-size: 0.8rem
}
.st-key-keys { display: none }
.vega-bindings { display: flex; align-items: center; gap: 1.5rem; padding-top: 0.5rem }
.vega-bind { display: flex; align-items: center }
.vega-bind:last-child, .vega-bind:last-child label, .vega-bind input[type=range] { flex: 1 }
.vega-bind label { display: flex; align-items: center; gap: 0.5rem }
.vega-bind input { min-height: 1.5rem; min-width: 1.5rem }
.vega-bind input + span, .vega-bind input + label { display: none }
@media (max-width: 640px) {
    .stMainBlockContainer { padding: 3.25rem 1rem 2rem }
    .st-key-enlarge, kbd { display: none !important }
}
/* The way back to the class is above the sidebar, which would cover it on a phone. */
[data-testid=stBottom]:has(.st-key-rejoin) { z-index: 999992 }
[data-testid=stBottomBlockContainer]:has(.st-key-rejoin) { padding-block: 0.5rem }
.st-key-rejoin_bar { flex-wrap: nowrap }
@media (max-width: 768px) {
    .stApp:has(.st-key-rejoin) [data-testid=stSidebarContent] { padding-bottom: 4.5rem }
}
@page { size: A4; margin: 10mm }
@media print {
    [data-testid=stSidebar], [data-testid=stHeader], .st-key-lesson, .st-key-also,
    [data-testid=stMain] :is([data-testid=stButton], [data-testid=stCheckbox], [data-testid=stSlider]),
    [data-testid=stMain] [data-testid=stExpander] { display: none }
    .stApp, .stApp > div, [data-testid=stMain] {
        position: static; height: auto; overflow: visible; display: block
    }
    .stMainBlockContainer { zoom: 0.8; padding: 0 }
    [data-testid=stHorizontalBlock] { break-inside: avoid }
}
</style>"""
# The largest zoom that leaves 1200 × 675 pixels, in which every step of the lesson fits. A smaller
# window, such as a phone that opens the link, is not zoomed.
ZOOMS = "".join(
    f"@media (min-width: {120 * tenths}px) and (min-height: {67.5 * tenths}px)"
    f" {{ .stMainBlockContainer {{ zoom: {tenths / 10} }} }}\n"
    for tenths in range(11, 33)
)
PROJECTOR = f"""<style>
{ZOOMS}
@media (min-width: 1000px) {{
    .stMainBlockContainer {{ padding: 0.75rem 2rem 1rem }}
    .stApp :is(.st-key-stage, .st-key-stimulus) img {{ max-height: 360px; object-fit: contain }}
    .stApp .st-key-invitation img {{ max-height: 300px }}
}}
</style>"""
# An element that a pointer has pressed loses the focus, so that the keys control the lesson, unless
# it is a field to type in. The step in the last line makes the script run once for each step.
KEYS = """<script>
if (!window.lessonKeys) {
    window.lessonKeys = true;
    document.addEventListener("pointerup", ({target}) => setTimeout(() => {
        const focused = document.activeElement;
        const typing = focused.matches("textarea, input:not([type=range], [type=checkbox], [type=radio])");
        if (document.querySelector(".st-key-lesson") && !focused.closest("[role=dialog], [role=menu]")
            && (!typing || target.closest("[role=option]"))) focused.blur();
    }, 100));
}
document.querySelector("[data-testid=stMain]").scrollTo(0, 0); // {step}
</script>"""


def set_look(t, css, layout="wide", sidebar="collapsed"):
    """Set the title, the styles and the language of the document."""
    st.set_page_config(t("page.title"), layout=layout, initial_sidebar_state=sidebar)
    st.html(HIDDEN + TOUCH + css + KOREAN * (state.language == "ko"))
    with st.container(key="document"):
        script = DOCUMENT.replace("{language}", state.language)
        st.html(script, unsafe_allow_javascript=True)
