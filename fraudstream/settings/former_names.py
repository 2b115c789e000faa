"""Former names of commands, options and settings: each works for one release, with a warning."""

from collections.abc import Mapping
from typing import Any

from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource

COMMANDS = {
    "serve": "api",
    "consistency": "verify",
    "model serve": "model deploy",
    "model serving": "model status",
    "model publish": "model redeploy",
    "model trial": "model check",
    "model certify": "model verify",
}
WORDS = {"dlq replay": {"--mend-keys": "--rekey"}, "bench": {"peers": "baselines"}}
"""Options and arguments of one command."""
SETTINGS = {
    "gates.most_precision_lost": "gates.max_ap_drop",
    "gates.least_frauds": "gates.min_frauds",
    "gates.most_flips": "gates.max_decision_changes",
    "gates.most_us": "gates.max_latency_us",
    "gates.least_certified": "gates.min_parity_rows",
    "api.longest_deadline_ms": "api.max_deadline_ms",
    "api.most_remembered": "api.max_remembered",
    "api.most_waiting": "api.max_waiting",
    "console.most_streams": "console.max_streams",
}


def renamed(former: str, current: str) -> str:
    """Return the warning about one use of a former name."""
    return f"{former} is deprecated and will be removed in the next release. Use {current} instead"


def with_current_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of a source by section, each under the current name of its setting."""
    return {
        section: {SETTINGS.get(f"{section}.{key}", f".{key}").rpartition(".")[2]: value for key, value in keys.items()}
        if isinstance(keys, dict)
        else keys
        for section, keys in values.items()
    }


class EnvironmentSource(EnvSettingsSource):
    """Environment variables, also under former names."""

    def __call__(self) -> dict[str, Any]:
        """Return the values by section and current name."""
        return with_current_names(super().__call__())


class FileSource(TomlConfigSettingsSource):
    """Settings file, also under former names."""

    def __call__(self) -> dict[str, Any]:
        """Return the values by section and current name."""
        return with_current_names(super().__call__())
