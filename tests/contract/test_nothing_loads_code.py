"""No external file becomes code: a model is ONNX with a checksum, and all other files are data."""

import ast
from pathlib import Path

import pytest

from fraudstream.system.folders import PROJECT_ROOT

PACKAGES = ("schemas", "models", "jobs", "producers", "fraudstream")
MODULES = [path for package in PACKAGES for path in sorted((PROJECT_ROOT / package).rglob("*.py"))]

# Each of them runs code from a file.
CODE_LOADERS = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "torch", "yaml"}
CODE_CALLS = {"eval", "exec", "read_pickle", "load_extension", "register_custom_ops_library"}
# Detector state is read only from checkpoints of the job: see docs/security.md.
ALLOWED = {("models/drift/detector.py", "pickle")}


def name_of(path: Path) -> str:
    return path.relative_to(PROJECT_ROOT).as_posix()


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names


def called(tree: ast.AST) -> set[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {getattr(call.func, "attr", getattr(call.func, "id", "")) for call in calls}


def unsafe_keywords(tree: ast.AST) -> list[int]:
    """Return the lines of calls that allow NumPy to unpickle."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "allow_pickle" and getattr(keyword.value, "value", None) is not False
    ]


def test_modules_are_found():
    assert len(MODULES) > 150


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_loads_no_code_from_files(path):
    tree = ast.parse(path.read_text())
    found = {(name_of(path), name) for name in imported(tree) & CODE_LOADERS}
    assert found <= ALLOWED
    assert called(tree) & CODE_CALLS == set()
    assert unsafe_keywords(tree) == []


def test_detectors_state_is_never_read_from_a_file():
    source = ast.parse((PROJECT_ROOT / "models/drift/detector.py").read_text())
    assert called(source) & {"load", "open", "read", "read_bytes", "read_text"} == set()
