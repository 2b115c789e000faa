"""The files of deploy/terraform, as far as they can be checked without AWS and its provider."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import hcl2
import pytest

from fraudstream.settings.setting_names import setting_names, variable_name
from fraudstream.settings.settings import Settings
from fraudstream.system.folders import PROJECT_ROOT
from jobs.job_config import JobConfig
from schemas.topics import Topics

TERRAFORM = PROJECT_ROOT / "deploy" / "terraform"
FILES = sorted(TERRAFORM.rglob("*.tf"))
MODULES = sorted(folder for folder in (TERRAFORM / "modules").iterdir() if folder.is_dir())
ENVIRONMENTS = sorted((TERRAFORM / "environments").iterdir())


def unquoted(value: Any) -> Any:
    """Return parsed HCL without the quotes that the parser keeps."""
    if isinstance(value, dict):
        return {unquoted(key): unquoted(item) for key, item in value.items()}
    if isinstance(value, list):
        return [unquoted(item) for item in value]
    return value[1:-1] if isinstance(value, str) and value[:1] == value[-1:] == '"' and len(value) > 1 else value


def parsed(folder: Path, kind: str) -> dict[str, Any]:
    """Return the blocks of a kind (variable, output, module) of a folder by name."""
    found: dict[str, Any] = {}
    for file in folder.glob("*.tf"):
        for block in unquoted(hcl2.loads(file.read_text())).get(kind, ()):
            found |= block
    return found


def text_of(folder: Path) -> str:
    return "\n".join(file.read_text() for file in folder.glob("*.tf"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(TERRAFORM)))
def test_file_is_valid_hcl(file):
    assert hcl2.loads(file.read_text())


@pytest.mark.parametrize("folder", [*MODULES, *ENVIRONMENTS], ids=lambda folder: folder.name)
def test_every_variable_and_output_is_documented_and_every_variable_is_used(folder):
    text = text_of(folder)
    for kind in ("variable", "output"):
        for name, block in parsed(folder, kind).items():
            assert block.get("description"), f"{kind} {name}"
    unused = [name for name in parsed(folder, "variable") if not re.search(rf"\bvar\.{name}\b", text)]
    assert unused == []
    named = set(re.findall(r"\bvar\.(\w+)", text))
    assert named - parsed(folder, "variable").keys() == set()


@pytest.mark.parametrize("folder", [TERRAFORM / "modules" / "platform", *ENVIRONMENTS], ids=lambda folder: folder.name)
def test_modules_get_the_variables_that_they_have_and_all_that_they_need(folder):
    for name, block in parsed(folder, "module").items():
        variables = parsed(folder / block["source"], "variable")
        given = {key for key in block if not key.startswith("__")} - {"source", "for_each", "depends_on"}
        assert given - variables.keys() == set(), name
        needed = {key for key, variable in variables.items() if "default" not in variable}
        assert needed - given == set(), name


@pytest.mark.parametrize("folder", [TERRAFORM / "modules" / "platform", *ENVIRONMENTS], ids=lambda folder: folder.name)
def test_outputs_of_modules_exist(folder):
    text = text_of(folder)
    for name, block in parsed(folder, "module").items():
        used = set(re.findall(rf"\bmodule\.{name}(?:\[[^]]+\])?\.(\w+)", text))
        assert used - parsed(folder / block["source"], "output").keys() == set(), name


@pytest.mark.parametrize("folder", MODULES, ids=lambda folder: folder.name)
def test_every_resource_that_a_module_names_exists(folder):
    text = text_of(folder)
    made = set(re.findall(r'^resource "(\w+)" "(\w+)"', text, re.MULTILINE))
    named = set(re.findall(r"(?<![\w.\"])((?:aws|kubernetes|helm)_\w+)\.(\w+)", text))
    assert named - made == set()


def test_environments_have_the_same_variables_and_examples_for_all_without_default():
    staging, production = (parsed(folder, "variable") for folder in ENVIRONMENTS[::-1])
    assert staging == production
    for folder in ENVIRONMENTS:
        example = hcl2.loads((folder / "terraform.tfvars.example").read_text())
        needed = {name for name, variable in staging.items() if "default" not in variable}
        assert needed <= example.keys() <= staging.keys()


def test_settings_of_the_servers_exist():
    text = text_of(TERRAFORM / "modules" / "platform") + text_of(TERRAFORM / "modules" / "ecs_service")
    known = {variable_name(name) for name in setting_names(Settings)}
    named = set(re.findall(r"\bFRAUDSTREAM_(?!SECTION)[\w${}().]+", text))
    names = {name.replace("${upper(each.key)}", server) for name in named for server in ("API", "CONSOLE")}
    assert len(names) > 5
    assert names - known == set()


def test_ports_and_health_checks_are_those_of_the_servers():
    text = text_of(TERRAFORM / "modules" / "platform")
    settings = Settings()
    assert f"port = {settings.api.port}, health" in text
    assert f"port = {settings.console.port}, health" in text


def test_lag_alarm_watches_the_group_and_the_topic_of_the_job():
    group = JobConfig(bootstrap_servers="b:1", model="m", checkpoint_dir="file:///c").group
    assert f'consumer_group = "{group}"' in text_of(TERRAFORM / "modules" / "platform")
    topic = parsed(TERRAFORM / "modules" / "alarms", "variable")["transactions_topic"]["default"]
    assert topic == Topics().transactions


def test_brokers_accept_the_transactions_of_the_job():
    timeout = JobConfig(bootstrap_servers="b:1", model="m", checkpoint_dir="file:///c").transaction_timeout_ms
    assert f"transaction.max.timeout.ms={timeout}" in text_of(TERRAFORM / "modules" / "kafka")


def test_no_right_is_for_all_actions_or_all_resources_without_reason():
    """A key's policy is for the key; three actions of ECS and ECR know no resource."""
    statements = [
        line for file in FILES for line in file.read_text().splitlines() if re.search(r'Resource += "\*"', line)
    ]
    assert len(statements) == 5
    assert not re.search(r'Action += "\*"', "\n".join(file.read_text() for file in FILES))


def test_files_are_formatted():
    program = shutil.which("tofu") or shutil.which("terraform")
    if program is None:
        pytest.skip("neither tofu nor terraform is here")
    line = [program, "fmt", "-check", "-recursive", TERRAFORM]
    done = subprocess.run(line, env={"TF_CLI_CONFIG_FILE": "/dev/null"}, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
