"""Artifacts with a changed manifest."""

import json

from models.features.former_names import FORMER_NAMES


def change(folder, **fields):
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def under_former_names(folder):
    """Write a manifest as the version before the present names did: a model of the customer's features."""
    former = {present: name for name, present in FORMER_NAMES.items()}
    fields = json.loads((folder / "manifest.json").read_text())
    change(
        folder,
        feature_spec_hash="4d6fbad85b6bf301",
        feature_names=[former.get(name, name) for name in fields["feature_names"]],
        **{
            field: {former.get(name, name): value for name, value in fields[field].items()}
            for field in ("usual_spread", "reference")
        },
    )
