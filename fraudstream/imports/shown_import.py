"""Import of a file by a map, with its progress on the screen."""

from pathlib import Path

from fraudstream.imports.file_import import import_file, open_source
from fraudstream.imports.import_summary import ImportSummary
from fraudstream.imports.map_file import hash_key
from fraudstream.settings.settings import Settings
from fraudstream.terminal import download_bar
from schemas.mapping.transaction_map import TransactionMap


def import_by_map(
    settings: Settings, file: Path, mapping: TransactionMap, folder: Path, *, holdout_days: float | None
) -> ImportSummary:
    """Convert a file to the files of a folder, see `import_file`."""
    key = hash_key(mapping)
    source = open_source(file, mapping.file)
    with download_bar(source.size) as bar:
        task = bar.task_ids[0]
        bar.update(task, description=f"importing {file.name}")
        return import_file(
            source,
            mapping,
            folder,
            key=key,
            holdout_days=holdout_days,
            limits=settings.file_limits,
            progress=lambda position: bar.update(task, completed=position),
        )
