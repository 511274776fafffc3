"""A live class on the page: what the teacher sees, the phones that follow, and the remote.

Each poll redraws everything from the `Classroom`, so that a page that missed a change recovers.
"""
