"""The extra that a missing package belongs to."""

import importlib.metadata
import re

_DISTRIBUTIONS = {
    "imblearn": "imbalanced-learn",
    "mlflow": "mlflow-skinny",
    "pyflink": "apache-flink",
    "sklearn": "scikit-learn",
    "xgboost": "xgboost-cpu",
}
"""Distributions whose modules have another name."""
_REQUIREMENT = re.compile(r"""([A-Za-z0-9._-]+).*;.*\bextra == ["'](\w+)["']""")


def extra_of(module: str) -> str | None:
    """Return the extra of fraudstream that installs a module, None when none does.

    Parameters
    ----------
    module
        Dotted name, as `ModuleNotFoundError.name` has it.
    """
    top = module.partition(".")[0]
    distribution = _DISTRIBUTIONS.get(top, top)
    found = map(_REQUIREMENT.match, importlib.metadata.requires("fraudstream") or ())
    return next((match[2] for match in found if match and match[1].lower() == distribution.lower()), None)
