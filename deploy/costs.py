"""Generator of deploy/costs.md: `python deploy/costs.py > deploy/costs.md`."""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

RATE_PER_CORE = 23_950
"""Transactions a second that a core drains with live features.

README, `bench throughput`: 47,900 on two cores that also run the broker, the load generator and the reader."""

HEADROOM = 0.5
"""Share of that rate that live traffic uses: the rest drains backlogs and takes the load of a lost node."""

RECORD_BYTES = {"transactions": 130, "scores": 160, "labels": 100, "alerts": 6_000}
"""Bytes of a record with its overhead in the log."""

ALERT_SHARE, LABEL_SHARE = 0.01, 0.79
REPLICAS, KEPT_DAYS = 3, 7
CORES_OF_TASKMANAGER, GIB_OF_TASKMANAGER = 1, 5
STATE_BYTES_PER_CUSTOMER, CUSTOMERS_PER_RATE = 5_200, 2_000
"""Full history of a customer (docs/performance.md), and customers for each transaction a second."""

CHECKPOINT_S = 60
"""Time between checkpoints: a history that changes several times in it is written once, which is not counted here."""


HEAD = """\
# Costs

Generated; do not edit: `python deploy/costs.py > deploy/costs.md`. None of this was ever applied or billed.
**Every price is an assumption to check** (`deploy/prices.toml`: list prices, on demand, without tax). Savings
plans, support, logs, the archive in S3 and traffic to the internet are left out. The quantities follow from the
benchmarks:

- a core drains {core:,} transactions/s with live features (README: 47,900 on two cores that also run the
  broker and the load generator), of which live traffic uses {share}: {slot:,.0f}/s a slot;
- a transaction writes {transaction:.0f} bytes to Kafka ({records} bytes; {alerts} alerts,
  {labels} labels); {replicas} replicas, {days} days, disks at most 70 % full;
- a customer's full history is {history:,} bytes ([performance](../docs/performance.md)), {customers:,}
  customers for each transaction a second;
- a checkpoint every {seconds} s writes the history of each transaction since the last, in half of its time. By EFS'
  price for elastic throughput (0.07 a GiB) the same would cost ten times as much: the module `storage` provisions it.

100,000/s is an extrapolation: no machine here ran more than two cores. [Scaling](../docs/scaling.md) measures what
an exchange between TaskManagers adds, and at that rate checkpoints belong on S3, which the image has no plugin for."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """Machines for a rate of transactions.

    Parameters
    ----------
    broker, node : str
        Instances, as in prices.toml.
    node_slots : int
        TaskManagers that fit on a node.
    """

    rate: int
    broker: str
    brokers: int
    node: str
    node_slots: int
    api_tasks: int

    @property
    def slots(self) -> int:
        """TaskManagers with one slot each."""
        return max(2, math.ceil(self.rate / (RATE_PER_CORE * HEADROOM)))

    @property
    def nodes(self) -> int:
        """Nodes of the job: those of the TaskManagers, one of JobManager and operator, and a spare one."""
        return math.ceil(self.slots / self.node_slots) + 2

    @property
    def bytes_per_s(self) -> float:
        """Bytes a second that are written to Kafka, before replication."""
        size = RECORD_BYTES
        alerts, labels = ALERT_SHARE * size["alerts"], LABEL_SHARE * size["labels"]
        return self.rate * (size["transactions"] + size["scores"] + alerts + labels)

    @property
    def disk_gib(self) -> float:
        """Disk of all brokers, at most 70 % full."""
        return self.bytes_per_s * 86_400 * KEPT_DAYS * REPLICAS / 0.7 / 2**30

    @property
    def state_gib(self) -> float:
        """State of the customers, and as much for three checkpoints and a savepoint."""
        return 2 * self.rate * CUSTOMERS_PER_RATE * STATE_BYTES_PER_CUSTOMER / 2**30

    @property
    def write_mibps(self) -> float:
        """Throughput of the volume: the histories of all transactions are written in half of the time."""
        return 2 * self.rate * STATE_BYTES_PER_CUSTOMER / 2**20


SIZES = (
    Size(rate=1_000, broker="kafka.m7g.large", brokers=3, node="m7i.xlarge", node_slots=2, api_tasks=2),
    Size(rate=100_000, broker="kafka.m7g.4xlarge", brokers=6, node="m7i.2xlarge", node_slots=4, api_tasks=8),
)


def items(size: Size, prices: dict[str, Any]) -> dict[str, tuple[str, float]]:
    """Return each item of a month with its arithmetic and its dollars."""
    hours, hour, month, gib = (prices[name] for name in ("hours_per_month", "hour", "month", "gib"))
    crossing_gib = size.bytes_per_s * 2 * hours * 3_600 / 2**30
    task_hour = hour["fargate_vcpu"] + 2 * hour["fargate_gib"]
    return {
        "Kafka, brokers": (
            f"{size.brokers} x {size.broker} x {hour[size.broker]} x {hours} h",
            size.brokers * hour[size.broker] * hours,
        ),
        "Kafka, disk": (f"{size.disk_gib:,.0f} GiB x {month['kafka_disk']}", size.disk_gib * month["kafka_disk"]),
        "EKS": (f"{hour['eks_cluster']} x {hours} h", hour["eks_cluster"] * hours),
        "nodes of the job": (
            f"{size.nodes} x {size.node} ({size.slots} slots) x {hour[size.node]} x {hours} h",
            size.nodes * hour[size.node] * hours,
        ),
        "volume of the state": (f"{size.state_gib:,.0f} GiB x {month['efs']}", size.state_gib * month["efs"]),
        "throughput of the volume": (
            f"{size.write_mibps:,.0f} MiB/s x {month['efs_mibps']}",
            size.write_mibps * month["efs_mibps"],
        ),
        "API and console": (
            f"{size.api_tasks + 1} tasks x (1 core + 2 GiB) {task_hour:.4f} x {hours} h",
            (size.api_tasks + 1) * task_hour * hours,
        ),
        "load balancer, 3 NAT gateways": (
            f"({hour['load_balancer']} + 3 x {hour['nat_gateway']}) x {hours} h",
            (hour["load_balancer"] + 3 * hour["nat_gateway"]) * hours,
        ),
        "between zones": (
            f"{crossing_gib:,.0f} GiB x 2/3 x {gib['zone_traffic']}",
            crossing_gib * 2 / 3 * gib["zone_traffic"],
        ),
    }


def page() -> str:
    """Return the page."""
    prices = tomllib.loads((HERE / "prices.toml").read_text())
    records = ", ".join(f"{name} {count:,}" for name, count in RECORD_BYTES.items())
    lines = [
        HEAD.format(
            core=RATE_PER_CORE,
            share=f"{100 * HEADROOM:.0f} %",
            slot=RATE_PER_CORE * HEADROOM,
            transaction=SIZES[0].bytes_per_s / SIZES[0].rate,
            records=records,
            alerts=f"{100 * ALERT_SHARE:.0f} %",
            labels=f"{100 * LABEL_SHARE:.0f} %",
            replicas=REPLICAS,
            days=KEPT_DAYS,
            history=STATE_BYTES_PER_CUSTOMER,
            customers=CUSTOMERS_PER_RATE,
            seconds=CHECKPOINT_S,
        )
    ]
    for size in SIZES:
        found = items(size, prices)
        total = sum(dollars for _, dollars in found.values())
        lines += [
            "",
            f"## {size.rate:,} transactions a second",
            "",
            "| item | arithmetic | $ a month |",
            "|---|---|---:|",
        ]
        lines += [f"| {name} | {how} | {dollars:,.0f} |" for name, (how, dollars) in found.items()]
        per_million = total / (size.rate * prices["hours_per_month"] * 3_600 / 1e6)
        lines += [f"| **total** | {per_million:,.3f} $ a million transactions | **{total:,.0f}** |"]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(page(), end="")
