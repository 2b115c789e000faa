"""Exploration of the inference archive: `fraudstream explore` runs it, VS Code and Jupyter open its cells.

Each chart's query is a file in queries/, on the tables of views.sql: edit them, or run your own with
`store.run("SELECT ...")`.
"""

# %% Inputs and output: edit these, or set the environment variables
import os
import sys
from collections.abc import Callable
from pathlib import Path

import altair as alt
import duckdb
import pyarrow as pa
from page import Page
from store import Store, query

ARCHIVE = Path(os.environ.get("EXPLORE_ARCHIVE", "artifacts/inference"))
LABELS = os.environ.get("EXPLORE_LABELS")  # Parquet: customer_id, transaction_id, is_fraud, label_time
OWN_QUERIES = [Path(name) for name in os.environ.get("EXPLORE_QUERIES", "").split(os.pathsep) if name]
PAGE = os.environ.get("EXPLORE_PAGE")  # no page without it

ORANGE, RED, BLUE, GREY = "#e08a3c", "#b3261e", "#1f5fa8", "#9aa3ad"
DECISIONS = alt.Scale(domain=["REVIEW", "BLOCK"], range=[ORANGE, RED])
LABEL_COLOURS = alt.Scale(domain=["fraud", "genuine", "no label"], range=[RED, BLUE, GREY])
UTC = alt.Scale(type="utc")
WIDTH = 620

store = Store(ARCHIVE, Path(LABELS) if LABELS else None)
sizes = store.run("SELECT (SELECT count(*) FROM scored), (SELECT count(*) FROM labelled)").to_pylist()[0].values()
page = Page("What the job logged", "{}: {:,} transactions, {:,} with a label".format(ARCHIVE, *sizes))


def show(name: str, heading: str, text: str, draw: Callable[[pa.Table], alt.TopLevelMixin]) -> alt.TopLevelMixin:
    """Draw a query's result for the page, and return the chart for a notebook."""
    rows = store.answer(name)
    chart = draw(rows)
    page.add_chart(name, heading, text, sql=query(name), chart=chart, rows=len(rows))
    return chart


# %% The models
page.add_table(
    "models",
    "Models",
    "Precision and recall are of the transactions that have a label, at the decisions that were made.",
    sql=query("models"),
    table=store.answer("models"),
)


# %% Transactions, and the share of them that alerts
def alerts_over_time(rows: pa.Table) -> alt.VConcatChart:
    """Chart the transactions, and below them the share of each decision."""
    time = alt.X("time:T", bin="binned", scale=UTC, title="event time, UTC"), alt.X2("time_below:T")
    transactions = alt.Chart(rows, width=WIDTH, height=80).mark_bar(color=GREY)
    shares = alt.Chart(rows, width=WIDTH, height=200).mark_bar().transform_filter(alt.datum.decision != "APPROVE")
    return alt.vconcat(
        transactions.encode(*time, alt.Y("transactions:Q")),
        shares.encode(
            *time,
            alt.Y("share:Q", axis=alt.Axis(format=".1%")),
            alt.Color("decision:N", scale=DECISIONS),
            tooltip=[
                alt.Tooltip("utcyearmonthdatehours(time):T", title="time"),
                "decision:N",
                "transactions:Q",
                alt.Tooltip("share:Q", format=".2%"),
            ],
        ),
    )


show(
    "alerts_over_time",
    "Alerts over time",
    "The share of the transactions that went to review and that were blocked.",
    alerts_over_time,
)

# %% The hours of the week
show(
    "hours_of_the_week",
    "When alerts come",
    "The share of the transactions that alerts, by day of the week (Monday is 1) and hour, UTC.",
    lambda rows: (
        alt.Chart(rows, width=WIDTH, height=180)
        .mark_rect()
        .encode(
            alt.X("hour:O"),
            alt.Y("weekday:O"),
            alt.Color("share:Q", scale=alt.Scale(scheme="orangered"), legend=alt.Legend(format=".1%")),
            tooltip=["weekday:O", "hour:O", "transactions:Q", "alerts:Q", alt.Tooltip("share:Q", format=".2%")],
        )
    ),
)

# %% The scores
show(
    "scores",
    "Scores",
    "Transactions by score and label, on a logarithmic scale.",
    lambda rows: (
        alt.Chart(rows, width=WIDTH, height=220)
        .mark_line(interpolate="step-after")
        .encode(
            alt.X("score:Q"),
            alt.Y("transactions:Q", scale=alt.Scale(type="log")),
            alt.Color("label:N", scale=LABEL_COLOURS),
            tooltip=["score:Q", "label:N", "transactions:Q"],
        )
    ),
)


# %% Amounts and scores
def amounts_and_scores(rows: pa.Table) -> alt.LayerChart:
    """Chart the density of the transactions, and over it the known frauds."""
    base = alt.Chart(rows, width=WIDTH, height=260)
    all_of_them = base.mark_rect().encode(
        alt.X("amount:Q", scale=alt.Scale(type="log"), title="amount, of 100 minor units"),
        alt.X2("amount_below:Q"),
        alt.Y("score:Q", title="score"),
        alt.Y2("score_below:Q"),
        alt.Color("transactions:Q", scale=alt.Scale(type="log", scheme="blues")),
        tooltip=[alt.Tooltip("amount:Q", format=".2f"), "score:Q", "transactions:Q", "frauds:Q"],
    )
    frauds = (
        base.transform_filter("datum.frauds > 0")
        .transform_calculate(x="sqrt(datum.amount * datum.amount_below)", y="(datum.score + datum.score_below) / 2")
        .mark_circle(color=RED, opacity=0.8)
        .encode(alt.X("x:Q"), alt.Y("y:Q", title="score"), alt.Size("frauds:Q"))
    )
    return all_of_them + frauds


show(
    "amounts_and_scores",
    "Amounts and scores",
    "Shades are transactions, circles are known frauds; the steps of the amounts are equal factors.",
    amounts_and_scores,
)

# %% Precision and recall by threshold
show(
    "thresholds",
    "Precision and recall by threshold",
    "Of the transactions that have a label, if all from a threshold on were alerts.",
    lambda rows: (
        alt.Chart(rows, width=WIDTH, height=240)
        .transform_fold(["precision", "recall"], as_=["figure", "value"])
        .mark_line()
        .encode(
            alt.X("threshold:Q"),
            alt.Y("value:Q", title=None),
            alt.Color("figure:N", title=None),
            tooltip=[
                alt.Tooltip("threshold:Q", format=".2f"),
                "alerts:Q",
                "caught:Q",
                alt.Tooltip("precision:Q", format=".3f"),
                alt.Tooltip("recall:Q", format=".3f"),
                alt.Tooltip("share:Q", format=".2%"),
            ],
        )
    ),
)

# %% Features that separate frauds from genuine transactions
show(
    "features",
    "Features by label",
    "AUC of each feature alone: probability that a fraud has the higher value. 0.5: no information.",
    lambda rows: (
        alt.Chart(rows.slice(0, 25), width=WIDTH - 100)
        .mark_bar()
        .transform_calculate(more="datum.auc - 0.5")
        .encode(
            alt.X("auc:Q", scale=alt.Scale(domain=[0, 1])),
            alt.X2(datum=0.5),
            alt.Y("feature:N", sort=None, title=None),
            alt.Color("more:Q", scale=alt.Scale(scheme="redblue", reverse=True, domain=[-0.5, 0.5]), legend=None),
            tooltip=[
                "feature:N",
                alt.Tooltip("auc:Q", format=".3f"),
                alt.Tooltip("mean_of_frauds:Q", format=".3f"),
                alt.Tooltip("mean_of_genuine:Q", format=".3f"),
            ],
        )
    ),
)


# %% Merchants and customers with many alerts
def hot_spots(rows: pa.Table) -> alt.VConcatChart:
    """Chart the merchants and the customers with the highest numbers of alerts."""
    bars = alt.Chart(rows, width=WIDTH - 100).mark_bar()
    tooltip = ["id:N", "transactions:Q", "alerts:Q", "frauds:Q", alt.Tooltip("amount_of_alerts:Q", format=",.2f")]
    shade = alt.Color("share:Q", scale=alt.Scale(scheme="orangered"), legend=alt.Legend(format=".0%"))
    return alt.vconcat(
        *(
            bars.transform_filter(alt.datum.kind == kind).encode(
                alt.X("alerts:Q"), alt.Y("id:N", sort="-x", title=kind), shade, tooltip=tooltip
            )
            for kind in ("merchant", "customer")
        )
    ).resolve_scale(color="independent")


show(
    "hot_spots",
    "Where alerts gather",
    "Merchants and customers with the highest numbers of alerts. The shade is the share of their transactions.",
    hot_spots,
)

# %% The labels so far
show(
    "labels_over_time",
    "Labels so far",
    "The share of the transactions that have a label, and the share of those that are frauds: the newest still wait.",
    lambda rows: (
        alt.Chart(rows, width=WIDTH, height=140)
        .mark_line(point=True)
        .transform_fold(["labelled", "frauds"], as_=["figure", "value"])
        .encode(
            alt.X("time:T", scale=UTC, title="event time, UTC"),
            alt.Y("value:Q", title=None, axis=alt.Axis(format="%")),
            alt.Color("figure:N", title=None),
            alt.Row("figure:N", title=None),
        )
        .resolve_scale(y="independent")
    ),
)

# %% Your own queries
for file in OWN_QUERIES:
    try:
        found = store.run(file.read_text())
    except duckdb.Error as error:
        sys.exit(f"{file}: {str(error).splitlines()[0]}")
    page.add_table(file.stem, file.stem, str(file), sql=file.read_text(), table=found)

# %% The page
if PAGE:
    page.write(Path(PAGE))
