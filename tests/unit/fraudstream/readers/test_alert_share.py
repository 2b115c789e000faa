"""Share of alerts across a recreated topic."""

from fraudstream.kafka.broker import Broker
from fraudstream.readers.alert_share import AlertShare
from fraudstream.settings.settings import load_settings

WINDOW, USUAL = 10_000, 100


def test_recreated_topic_is_no_jump_and_keeps_the_usual_share():
    share = AlertShare(Broker(load_settings(), "127.0.0.1:1"))
    sizes = [(number * WINDOW, number * USUAL) for number in range(60)]
    assert [share.update(*size) for size in sizes] == [None] * 60
    assert share.update(WINDOW, 60 * USUAL) is None, "the scores begin again"
    assert share.update(2 * WINDOW, USUAL) is None, "the alerts begin again"
    assert share.update(3 * WINDOW, 2 * USUAL) is None
    jump = share.update(4 * WINDOW, 2 * USUAL + 20 * USUAL)
    assert jump is not None
    assert jump.transactions == WINDOW
