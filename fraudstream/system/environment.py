"""Environment variables of child processes."""

import os
import sys
from pathlib import Path

from fraudstream.system.folders import PROJECT_ROOT
from fraudstream.system.java import Java

SECRETS = (
    "FRAUDSTREAM_KAFKA__SECURITY__PASSWORD", "FRAUDSTREAM_KAFKA__REGISTRY__PASSWORD",
    "FRAUDSTREAM_NOTICES__WEBHOOK_URL", "FRAUDSTREAM_NOTICES__SIGNING_KEY", "FRAUDSTREAM_API__TOKENS",
    "FRAUDSTREAM_CONSOLE__TOKENS", "FRAUDSTREAM_SERVING__FEATURES_TOKEN",
)  # fmt: skip
"""Secrets that child processes do not inherit; they get those they need in a file."""
DROPPED = ("FLINK_", "KAFKA_", "JAVA_TOOL_OPTIONS", "JVM_ARGS", "CLASSPATH", "PYTHONHOME")
"""Prefixes of variables of another Flink, Kafka or Java on this machine, which child processes do not inherit."""


QUIET = {
    "ORT_DISABLE_TELEMETRY": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Settings that disable telemetry and progress output: onnxruntime would write to the home folder, and MLflow to
standard output, where --json goes."""


def process_environment(java: Java, **extra: str | Path) -> dict[str, str]:
    """Build the environment of a child process: this Java, this Python, and the project on its path."""
    env = {key: value for key, value in os.environ.items() if not key.startswith((*DROPPED, *SECRETS))}
    scripts = Path(sys.executable).parent
    env["JAVA_HOME"] = str(java.home)
    env["PATH"] = os.pathsep.join([str(scripts), env.get("PATH", os.defpath)])
    env["PYTHONPATH"] = str(PROJECT_ROOT)
    return env | QUIET | {key: str(value) for key, value in extra.items()}
