from runtime.configuration.settings import load_settings
from runtime.rules.seen_books import SeenBooks


def test_book_is_seen_once_it_was_shown_by_the_same_user_alone(tmp_path, monkeypatch):
    settings = load_settings(paths={"state": tmp_path})
    SeenBooks(settings).add("b1")
    SeenBooks(settings).add("b1")
    assert [SeenBooks(settings).has(name) for name in ("b1", "b2", "")] == [True, False, False]
    monkeypatch.setattr("runtime.rules.seen_books.user", lambda: "jane@elsewhere")
    assert not SeenBooks(settings).has("b1")
