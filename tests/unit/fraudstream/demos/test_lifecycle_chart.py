"""Chart of the lifecycle demo."""

from fraudstream.demos.lifecycle_chart import lifecycle_chart
from models.monitoring.pattern_recall import DayRecall, PatternRecall

DAY = 20_500


def test_chart_has_the_days_and_events():
    days = tuple(DayRecall(day=DAY + n, frauds=40, recall=n / 20) for n in range(20))
    marks = {"drift seen": (DAY + 4) * 86_400_000, "promoted": (DAY + 12) * 86_400_000}
    page = lifecycle_chart(PatternRecall(before=0.1, after=0.7, days=days), marks)
    assert page.startswith("<svg")
    assert all(text in page for text in ("drift seen", "promoted", "02-16", "recall of the new pattern"))
