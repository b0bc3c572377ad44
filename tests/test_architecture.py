"""The design's rules hold: who imports whom, how large things are, what loading costs, and what names are used."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CODE = [p for d in ("dags", "pipelines", "models", "warehouse", "dashboards") for p in sorted((ROOT / d).rglob("*.py"))]
HEAVY = ("torch", "transformers", "spacy", "pandas", "dash", "plotly", "airflow")


def test_import_contracts_hold() -> None:
    """import-linter's contracts in pyproject.toml are the layers of the design."""
    result = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_modules_and_functions_stay_small(path: Path) -> None:
    """A module has at most 400 lines, a Dag file 60, a function 40 (without its docstring)."""
    source = path.read_text(encoding="utf-8")
    limit = 60 if path.parent.name == "dags" else 400
    assert source.count("\n") <= limit, f"{path}: {source.count(chr(10))} lines"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            length = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
            assert length <= 40, f"{path}:{node.lineno} {node.name} has {length} lines"


@pytest.mark.parametrize("path", CODE, ids=lambda p: str(p.relative_to(ROOT)))
def test_public_things_say_what_they_are(path: Path) -> None:
    """Every module, public class and public function of the product has a docstring."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path} has no module docstring"
    if path.parent.name == "dags":
        return  # a Dag's documentation is its module's: Airflow shows it
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_") and node.name != "add_arguments":
            assert ast.get_docstring(node), f"{path}:{node.lineno} {node.name} has no docstring"


def test_names_say_what_things_are() -> None:
    """Nothing is called utils, helpers, manager, handler, common or data."""
    banned = {"utils", "util", "helpers", "helper", "manager", "handler", "common", "data"}
    assert not [p for p in CODE if p.stem in banned or p.parent.name in banned]


@pytest.mark.parametrize(
    "module", ["pipelines.cli", "pipelines.settings", "pipelines.line", "pipelines.load", "pipelines.collect"]
)
def test_light_modules_load_nothing_heavy(module: str) -> None:
    """Starting the command line or a stage loads no torch, transformers, spaCy, pandas, Dash or Airflow."""
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


def test_no_code_reads_the_clock_inside_logic() -> None:
    """Time is passed in: only commands, Dags and plug-ins' clients may ask what time it is."""
    allowed = ("pipelines/commands", "dags", "pipelines/demo", "models/training", "bench")
    offenders = []
    for path in CODE:
        name = str(path.relative_to(ROOT))
        if name.startswith(allowed):
            continue
        text = path.read_text(encoding="utf-8")
        offenders += [f"{name}: {call}" for call in ("datetime.now(", "datetime.utcnow(", "date.today(") if call in text]
    assert not offenders
