"""Import of a file by a map, with its progress on the screen."""

from pathlib import Path

from fraudstream.imports.file_import import import_file, open_source
from fraudstream.imports.import_summary import ImportSummary
from fraudstream.imports.map_file import hash_key, read_map
from fraudstream.settings.settings import Settings
from fraudstream.terminal import download_bar
from schemas.mapping.transaction_map import TransactionMap


def import_by_map(
    settings: Settings, file: Path, map_path: Path, folder: Path, *, holdout_days: float | None
) -> tuple[TransactionMap, ImportSummary]:
    """Convert a file to the files of a folder, see `import_file`; return the map and a summary."""
    mapping = read_map(map_path, timezone=settings.files.timezone)
    key = hash_key(mapping)
    source = open_source(file, mapping.file)
    with download_bar(source.size) as bar:
        task = bar.task_ids[0]
        bar.update(task, description=f"importing {file.name}")
        summary = import_file(
            source,
            mapping,
            folder,
            key=key,
            holdout_days=holdout_days,
            limits=settings.file_limits,
            progress=lambda position: bar.update(task, completed=position),
        )
    return mapping, summary
