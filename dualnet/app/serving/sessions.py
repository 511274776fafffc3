"""Limits the files that the server keeps open for visitors who have left.

Streamlit keeps up to 128 sessions for browsers that connect again, each with an event loop that
holds three file descriptors. Many systems allow a process 256.
"""

from streamlit import runtime

try:
    import resource
except ImportError:  # Windows has no such limit
    resource = None

COUNT = 30  # sessions kept: a class that loses its network
FILES = 10_240  # macOS refuses a higher limit


class LeftSessions(dict):
    """A Streamlit `SessionStorage` of the `COUNT` sessions that visitors left most recently.

    It closes older ones. If such a visitor returns, the URL opens the page in a new session.
    """

    delete = dict.__delitem__

    def save(self, session_info):
        self[session_info.session.id] = session_info
        while len(self) > COUNT:
            oldest = self.pop(next(iter(self)))
            oldest.session.shutdown()

    def list(self):
        return [*self.values()]


def keep_few():
    """Make the server use `LeftSessions`. Streamlit has no setting for this number."""
    server = runtime.get_instance() if runtime.exists() else None
    if manager := getattr(server, "_session_mgr", None):  # none in AppTest
        manager._session_storage = LeftSessions()


def raise_file_limit():
    """Let the process open as many files as the system allows, at most `FILES`."""
    if resource:
        limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = FILES if most == resource.RLIM_INFINITY else min(most, FILES)
        if limit != resource.RLIM_INFINITY and limit < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
