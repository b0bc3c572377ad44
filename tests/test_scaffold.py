"""`earshot new source NAME` writes a source that passes the suite that every source must pass, before anything is changed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PARTS = ("pipelines", "warehouse", "models", "tests/platforms", "tests/conformance")


@pytest.mark.slow
def test_what_the_scaffold_writes_passes_the_conformance_suite_as_it_is(tmp_path: Path) -> None:
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.safetensors"))
    for name in ("pyproject.toml", "README.md", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copy(ROOT / "tests" / "querying.py", tmp_path / "tests")
    env = os.environ | {"PYTHONPATH": str(tmp_path), "EARSHOT_SEEDS": "1", "EARSHOT_KILLS": "1"}
    command = [sys.executable, "-m", "pipelines.cli", "new", "source", "lemmy", "--root", str(tmp_path)]
    made = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr
    assert "wrote pipelines/sources/lemmy.py" in made.stdout and "[sources.lemmy]" in made.stdout
    again = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert (again.returncode, again.stderr) == (2, "earshot new: There is a source 'lemmy' already; choose another name.\n")
    files = [str(tmp_path / "pipelines/sources/lemmy.py"), str(tmp_path / "tests/platforms/lemmy.py")]
    subprocess.run([sys.executable, "-m", "ruff", "check", *files], cwd=tmp_path, env=env, check=True)
    suite = [sys.executable, "-m", "pytest", "tests/conformance", "-q", "-x", "-p", "no:cacheprovider", "-k", "lemmy"]
    done = subprocess.run(suite, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


@pytest.mark.parametrize("name", ["X", "my-source", "rss", "../x", ""])
def test_a_name_that_cannot_be_is_one_clear_sentence(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pipelines.cli", "new", "source", name, "--root", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())
