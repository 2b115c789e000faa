"""Bound on the ids of control records: the job repeats them in records of its own, and no broker accepts a long one."""

MAX_ID_CHARACTERS = 256


def id_problem(name: str, *ids: str) -> str:
    """Return what is wrong with the longest of some ids, for people; an empty text where nothing is.

    Parameters
    ----------
    name : str
        Name of the field that holds them.
    """
    longest = max(map(len, ids))
    if longest <= MAX_ID_CHARACTERS:
        return ""
    return f"expected a {name} of at most {MAX_ID_CHARACTERS} characters, got {longest:,}. Give it a shorter one."
