"""Comparison of the locks with known advisories: `make audit`.

Fails on an advisory without a reason in `audit-allowed.toml`, and on a reason that is no longer needed. Without the
advisory service it prints NOT AUDITED, and fails only with --strict: builds must not depend on the service.
Further options are passed to pip-audit, for example `-s osv`.
"""

import argparse
import json
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ENVIRONMENTS = (
    ("runtime.lock", "job.lock", "lambda.lock", "dev.lock"),
    ("bootstrap.lock",),
    ("browser.lock",),
    ("../fraudstream/system/locks/evidently.lock",),
    ("../fraudstream/system/locks/explore.lock",),
    ("airflow.lock",),
    ("mlflow.lock",),
    ("moto.lock",),
    ("dvc.lock",),
    ("deploy.lock",),
)
"""Locks by the environment that they are installed into; versions may differ between environments."""

Reasons = dict[str, str]


def main() -> int:
    """Audit the locks, print the findings, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--strict", action="store_true", help="fail when a package could not be audited")
    asked, others = parser.parse_known_args()
    reasons: Reasons = tomllib.loads((HERE / "audit-allowed.toml").read_text())
    packages, trouble = audited(others)
    unaudited = [row["name"] for row in packages if "skip_reason" in row]
    findings = {finding["id"]: row | finding for row in packages for finding in row.get("vulns", ())}
    for text in complaints(findings, reasons, complete=not trouble and not unaudited):
        print(text)
    if trouble or unaudited:
        which = trouble or f"{len(unaudited)} of {len(packages)} packages are not known to the advisory service"
        print(f"NOT AUDITED: {which}")
    else:
        print(f"{len(packages)} packages audited, {len(findings)} advisories")
    failed = any(complaints(findings, reasons, complete=not trouble and not unaudited))
    return int(failed or (asked.strict and bool(trouble or unaudited)))


def audited(options: list[str]) -> tuple[list[dict[str, Any]], str]:
    """Return pip-audit's rows of all packages, and why some are missing."""
    with ThreadPoolExecutor() as pool:  # mostly waits for the service
        found = list(pool.map(lambda locks: audited_together(locks, options), ENVIRONMENTS))
    rows = {(row["name"], row.get("version")): row for own, _ in found for row in own}
    return list(rows.values()), next((trouble for _, trouble in found if trouble), "")


def audited_together(names: tuple[str, ...], options: list[str]) -> tuple[list[dict[str, Any]], str]:
    """Return pip-audit's rows of the packages of one environment, and why there are none."""
    locks = [word for name in names for word in ("-r", str(HERE / name))]
    quiet = ["--progress-spinner", "off", "--format", "json", "--desc", "off"]
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", *quiet, *locks, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (ours)
    try:
        rows: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except ValueError:
        return [], (done.stderr.strip().splitlines() or ["pip-audit printed nothing"])[-1]
    return rows, ""


def complaints(findings: dict[str, dict[str, Any]], reasons: Reasons, *, complete: bool) -> list[str]:
    """Return the complaints, one line each."""
    new = [
        f"{row['name']} {row['version']}: {name}, fixed in {', '.join(row['fix_versions']) or 'no version'}: "
        "renew the lock (make lock), or give a reason in requirements/audit-allowed.toml"
        for name, row in findings.items()
        if name not in reasons
    ]
    gone = [f"{name} is no longer found: remove it from requirements/audit-allowed.toml" for name in reasons]
    return new + [text for name, text in zip(reasons, gone, strict=True) if complete and name not in findings]


if __name__ == "__main__":
    sys.exit(main())
