"""Archiving of a topic that is recreated."""

from types import SimpleNamespace

import pytest

from fraudstream.archive.archive_folder import ArchiveFolder
from fraudstream.archive.archiver import Archiver
from fraudstream.kafka.broker import Broker
from fraudstream.settings.settings import load_settings
from schemas.errors import UserError


def test_only_records_read_before_a_topic_was_recreated_are_kept(tmp_path):
    settings, recreated = load_settings(paths={"state": tmp_path}), [[], [], ["inference"], []]
    with ArchiveFolder(tmp_path / "archive", settings.topics.inference) as folder:
        archiver = Archiver(Broker(settings, "127.0.0.1:1"), folder, flush_s=1)
        archiver._recreated = SimpleNamespace(poll=lambda: recreated.pop(0))
        for read in (3, 2):
            archiver._messages += ["of the former topic"] * read
            archiver._drop_unsure()
            archiver._require_same_topic()
        archiver._messages += ["of either"] * 4
        for _ in range(2):
            archiver._drop_unsure()
            assert archiver._messages == ["of the former topic"] * 5
            with pytest.raises(UserError, match="created again"):
                archiver._require_same_topic()
