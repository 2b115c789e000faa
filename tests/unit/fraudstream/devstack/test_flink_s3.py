"""Flink settings that need its S3 plugin, and the plugin's place in the distribution."""

import pytest

from fraudstream.devstack.flink_home import FlinkHome, cluster_settings
from fraudstream.devstack.flink_s3 import s3_settings, uses_s3
from fraudstream.system.folders import StateFolder

IN_S3 = {"execution.checkpointing.dir": "s3://bucket/checkpoints"}
ENDPOINT = {"AWS_ENDPOINT_URL": "http://store:9000"}


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({}, False),
        ({"execution.checkpointing.dir": "file:///data/s3"}, False),
        (IN_S3, True),
        ({"high-availability.storageDir": "s3://bucket/ha"}, True),
    ],
)
def test_plugin_is_needed_where_a_folder_is_in_s3(config, expected):
    assert uses_s3(config) is expected


def test_plugin_finds_the_store_that_awss_variables_name():
    assert s3_settings({}, ENDPOINT) == {}
    assert s3_settings(IN_S3, {}) == {}
    assert s3_settings(IN_S3, ENDPOINT | {"AWS_DEFAULT_REGION": "eu-west-1"}) == {
        "s3.endpoint": "http://store:9000",
        "s3.path.style.access": "true",
        "s3.endpoint.region": "eu-west-1",
    }


def test_settings_of_ones_own_precede_the_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store:9000")
    settings = cluster_settings(
        StateFolder(root=tmp_path.absolute()),
        rest_port=1,
        rpc_port=2,
        state_backend="hashmap",
        zookeeper=None,
        extra=IN_S3 | {"s3.endpoint": "http://other"},
    )
    assert settings["s3.endpoint"] == "http://other"
    assert settings["execution.checkpointing.dir"] == "s3://bucket/checkpoints"


def test_each_plugin_has_a_folder_of_its_own_in_the_distribution(tmp_path):
    folder, jar = StateFolder(root=tmp_path / "state"), tmp_path / "flink-s3-fs-hadoop-1.jar"
    jar.write_bytes(b"jar")
    plugins = FlinkHome(folder=folder, connectors=(), plugins=()).create().root / "plugins"
    own = {path.name for path in plugins.iterdir()}
    assert "metrics-prometheus" in own
    for _ in range(2):  # again, as at a restart
        FlinkHome(folder=folder, connectors=(), plugins=(jar,)).create()
    assert {path.name for path in plugins.iterdir()} == own | {"flink-s3-fs-hadoop-1"}
    assert (plugins / "flink-s3-fs-hadoop-1" / jar.name).read_bytes() == b"jar"


def test_linked_plugins_of_a_former_version_are_replaced(tmp_path):
    home = FlinkHome(folder=StateFolder(root=tmp_path / "state"), connectors=())
    source = home.create().root / "plugins" / "metrics-prometheus"
    home.root.joinpath("plugins").rename(home.root / "old")
    home.root.joinpath("plugins").symlink_to(source.resolve().parent)
    assert home.create().root.joinpath("plugins").is_symlink() is False
    assert (home.root / "plugins" / "metrics-prometheus").is_symlink()
