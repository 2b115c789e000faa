"""Models found by their id."""

from pathlib import Path

from fraudstream.control.model_store import serving_folder
from fraudstream.lifecycle.model_registry import ModelRegistry
from fraudstream.settings.settings import Settings
from fraudstream.system.failures import NotReady
from models.scoring.artifact import Artifact, ArtifactError
from models.scoring.loaded_model import load_tested
from schemas.errors import UserError


def load_known_model(settings: Settings, model_id: str) -> Artifact:
    """Load a model by its id from the settings, the store or the registry.

    Raises
    ------
    NotReady
        No model has this id.
    """
    for folder in (settings.model.artifact.expanduser(), *sorted(serving_folder(settings).glob(f"{model_id}-*"))):
        artifact = _loaded(folder)
        if artifact is not None and artifact.manifest.model_id == model_id:
            return artifact
    if settings.models.tracking_uri or (settings.state.models / "registry.db").is_file():
        try:
            registry = ModelRegistry(settings)
            return registry.load(registry.find(model_id))
        except NotReady:
            raise
        except UserError:
            pass  # reported below
    raise NotReady(
        f"expected the model {model_id} in {settings.model.artifact} or in the registry, found it in "
        "neither. Name its folder with --model, or register it: `fraudstream model push FOLDER`"
    )


def _loaded(folder: Path) -> Artifact | None:
    try:
        return load_tested(folder)
    except ArtifactError:
        return None
