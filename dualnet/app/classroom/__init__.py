"""A live class on the page: what the teacher sees, the phones that follow, and the remote.

Whatever polls redraws everything from the `Classroom`, so that a page that has missed something heals
itself.
"""
