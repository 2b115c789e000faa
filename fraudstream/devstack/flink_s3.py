"""Flink's access to S3: its plugin, and the address of the store."""

import os
from collections.abc import Mapping

from schemas.s3_path import ENDPOINT_VARIABLES, SCHEME

PLUGIN = "s3"
"""Name of the plugin's jar in `jars.lock`."""

_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")


def uses_s3(config: Mapping[str, str]) -> bool:
    """Return whether Flink settings have an address in S3, of checkpoints for example."""
    return any(value.startswith(f"{SCHEME}//") for value in config.values())


def s3_settings(config: Mapping[str, str], environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the Flink settings by which its plugin finds the store that AWS's variables name; none without S3.

    Credentials are no settings: the plugin reads AWS's variables, or the role of the machine.
    """
    if not uses_s3(config):
        return {}
    endpoint = next(filter(None, map(environment.get, ENDPOINT_VARIABLES)), None)
    region = next(filter(None, map(environment.get, _REGIONS)), None)
    # A store of one's own has no host name for each bucket.
    found = {"s3.endpoint": endpoint, "s3.path.style.access": "true"} if endpoint else {}
    return found | ({"s3.endpoint.region": region} if region else {})
