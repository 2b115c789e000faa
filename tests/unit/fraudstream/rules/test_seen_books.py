"""Rule books that a user has seen."""

from fraudstream.rules.seen_books import SeenBooks
from fraudstream.settings.settings import load_settings


def test_book_counts_as_seen_only_by_the_user_it_was_shown_to(tmp_path, monkeypatch):
    settings = load_settings(paths={"state": tmp_path})
    SeenBooks(settings).add("b1")
    SeenBooks(settings).add("b1")
    assert [SeenBooks(settings).has(name) for name in ("b1", "b2", "")] == [True, False, False]
    monkeypatch.setattr("fraudstream.rules.seen_books.user", lambda: "jane@elsewhere")
    assert not SeenBooks(settings).has("b1")
