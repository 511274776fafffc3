"""CSS and attributes of the document that Streamlit does not offer."""

# Large enough for a class to read and for a thumb; the question close to what answers it. The button that
# leads on has a frame: on the primary color of the dark theme, white could hardly be read.
LESSON = """<style>
.st-key-head h1 { padding-block: 0.25rem 1rem }
.st-key-lesson button, .st-key-answers button { min-height: 2.75rem }
.st-key-answers button { padding-block: 1rem }
.st-key-show button, .st-key-next button { border: 2px solid currentColor }
.st-key-show button p, .st-key-next button p { font-weight: 700 }
.st-key-answers button p { font-size: 1.15rem }
</style>"""
# A vote is one touch of a thumb. A phone shows no sidebar. The button chosen has a frame, as in LESSON.
PHONE = """<style>
.stMainBlockContainer { padding-block: 3.5rem 1rem }
[data-testid=stSidebar], [data-testid=stExpandSidebarButton] { display: none }
.st-key-votes button, .st-key-remote button { min-height: 3.5rem }
.st-key-votes button p { font-size: 1.15rem }
:is(.st-key-votes, .st-key-remote) [data-testid=stBaseButton-primary] {
    background: transparent; color: inherit; border: 3px solid currentColor
}
</style>"""
TOUCH = """<style>
@media (pointer: coarse) {
    :is([role=radio], [data-testid=stButton] button, [data-testid=stCheckbox] label, summary) {
        min-height: 2.75rem
    }
}
</style>"""
# Korean lines break between words, and its letters have no italics.
KOREAN = """<style>
.stApp :is(p, li, label, h1, button, summary) { word-break: keep-all; overflow-wrap: anywhere }
.stApp em { font-style: normal }
</style>"""
# Streamlit's document is lang="en" in every language. A translator would wrap the texts, and React could
# no longer change them; the page has languages of its own.
DOCUMENT = """<script>
document.documentElement.lang = "{language}";
document.documentElement.translate = false;
</script>"""
HIDDEN = "<style>.st-key-document { display: none }</style>"
