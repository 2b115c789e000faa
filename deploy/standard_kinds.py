"""Filter of manifests: drops the kinds of the Flink operator, which no schema of Kubernetes has."""

import sys

import yaml

parts = [part for part in yaml.safe_load_all(sys.stdin) if part and not part["apiVersion"].startswith("flink.")]
yaml.safe_dump_all(parts, sys.stdout)
