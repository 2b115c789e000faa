"""Compilation and caching of the kernels."""

import ast
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from threading import Event, current_thread
from types import ModuleType

import pytest
from numba.core.dispatcher import Dispatcher

from models.declared import aggregate_kernel
from models.features import compiled, customer_facts, hashing, kernel, label_facts, label_kernel
from models.features.entities import entity_burst, entity_facts, entity_kernel, event_kernel, left_ids, slot_index
from models.rules import text_search, text_table_search
from models.scoring import tree_shap
from tests.patience import PATIENCE_S


@pytest.mark.parametrize(
    "module",
    [
        kernel,
        label_kernel,
        customer_facts,
        label_facts,
        hashing,
        tree_shap,
        entity_burst,
        entity_facts,
        entity_kernel,
        event_kernel,
        left_ids,
        slot_index,
        text_search,
        text_table_search,
        aggregate_kernel,
    ],
)
def test_compiled_functions_call_only_functions_that_their_cache_checks(module: ModuleType):
    """Otherwise numba's cache would serve the old machine code after a change there."""
    tree = ast.parse(Path(str(module.__file__)).read_text())
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    functions = [value for value in vars(module).values() if isinstance(value, Dispatcher)]
    checked = {part.__name__ for function in functions for part in getattr(function, "parts", ())}
    ours = {
        name.name
        for node in imports
        if str(node.module).startswith("models.") and node.module not in checked
        for name in node.names
    }
    assert functions
    for function in functions:
        assert not ours & set(function.py_func.__code__.co_names), function


@pytest.mark.parametrize("function", [entity_kernel.advance, aggregate_kernel.advance])
def test_inlined_functions_of_parts_are_of_parts_too(function: Dispatcher):
    checked = {part.__name__ for part in function.parts}
    for part in function.parts:
        names = ast.parse(Path(str(part.__file__)).read_text()).body
        imports = {str(node.module) for node in names if isinstance(node, ast.ImportFrom)}
        ours = {name for name in imports if name.startswith("models.") and name != compiled.__name__}
        assert ours <= checked, part


def test_change_of_an_inlined_function_of_another_file_compiles_again(tmp_path):
    (tmp_path / "whole.py").write_text(
        "import part\nfrom part import number\nfrom models.features.compiled import compiled_with\n"
        "@compiled_with(part)\ndef whole():\n    return number()\nprint(whole(), sum(whole.stats.cache_hits.values()))"
    )
    part = "from models.features.compiled import inlined\n@inlined\ndef number():\n    return {}\n"
    paths = os.pathsep.join([str(tmp_path), str(Path(compiled.__file__).parents[2])])
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": paths}
    found = []
    for number in (1, 1, 22):
        if not found or number != 1:
            (tmp_path / "part.py").write_text(part.format(number))
        command = [sys.executable, "-B", str(tmp_path / "whole.py")]
        found.append(subprocess.check_output(command, env=environment, text=True).split())  # noqa: S603
    assert found == [["1", "0"], ["1", "1"], ["22", "0"]]


def test_functions_called_from_python_have_one_signature():
    # In a process of its own: other tests of this one may have compiled what `warm_up` then bars.
    program = (
        "from models.features.warm_up import warm_up; from models.features import hashing, kernel, label_kernel;"
        "warm_up();"
        "called = kernel.advance, kernel.remember, label_kernel.advance_customers, label_kernel.advance_entities,"
        " hashing.hash_strings;"
        "print(*(len(function.signatures) for function in called))"
    )
    counts = subprocess.check_output([sys.executable, "-c", program], text=True)  # noqa: S603
    assert counts.split() == ["1"] * 5


def test_read_only_package_is_compiled_without_a_cache(monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert not compiled._may_cache()


def test_concurrent_compilation_leaves_a_valid_cache(tmp_path):
    program = (
        "from models.features.warm_up import warm_up; from models.features import kernel; warm_up();"
        "print(sum(kernel.advance.stats.cache_hits.values()))"
    )
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}

    def start():
        return subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
        )

    first = [start(), start()]
    assert [(process.communicate(timeout=600)[0], process.returncode) for process in first] == [("0\n", 0)] * 2
    later = start()
    assert later.communicate(timeout=600)[0] == "1\n"


def test_an_operator_that_opens_while_another_compiles_waits_for_it():
    inside, may_finish = Event(), Event()
    compiled_by: list[str] = []

    @compiled.compiles_once
    def compile_all() -> None:
        compiled_by.append(current_thread().name)
        inside.set()
        assert may_finish.wait(PATIENCE_S)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(compile_all)
        assert inside.wait(PATIENCE_S)
        second = pool.submit(compile_all)
        with pytest.raises(FutureTimeoutError):
            second.result(timeout=0.05)
        may_finish.set()
        first.result(PATIENCE_S)
        second.result(PATIENCE_S)
    assert len(compiled_by) == 1
