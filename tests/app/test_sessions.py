"""Which sessions the server keeps for visitors who have left."""

from types import SimpleNamespace

from dualnet.app.serving.sessions import COUNT, LeftSessions


def test_the_session_that_was_left_first_is_closed_beyond_the_count():
    sessions, closed = LeftSessions(), []
    for number in range(COUNT + 2):
        session = SimpleNamespace(id=number, shutdown=lambda number=number: closed.append(number))
        sessions.save(SimpleNamespace(session=session))
        if number == 0:
            sessions.delete(0)  # its visitor is back
    assert closed == [1]
    assert [info.session.id for info in sessions.list()] == [*range(2, COUNT + 2)]
    assert sessions.get(1) is None
    assert sessions.get(2).session.id == 2
