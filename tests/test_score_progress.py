"""`earshot score` on a terminal shows how far it is; into a file or a pipe it does not."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from models import weights

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.skipif(not (Path(weights.__file__).parent / "weights" / "fast.json").exists(), reason="there are no shipped weights")
@pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs a terminal")
def test_a_terminal_shows_how_far_scoring_is(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps({"id": i, "text": f"my bag number {i} is lost"}) + "\n" for i in range(40)))
    command = [sys.executable, "-m", "pipelines.cli", "score", "--input", str(source), "--output", str(target)]
    ours, theirs = pty.openpty()
    shown = b""
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=theirs) as process:
        os.close(theirs)
        try:
            while piece := os.read(ours, 4096):
                shown += piece
        except OSError:  # Linux says so when the other side has closed
            pass
        os.close(ours)
    bars = [line for line in shown.decode().split("\r") if "[" in line and "%" in line]
    assert process.returncode == 0 and bars and "#" * 30 in bars[-1] and "100%" in bars[-1] and "40 texts" in bars[-1]
    quiet = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert quiet.stderr == "" and len(target.read_text().splitlines()) == 40
