"""`earshot score` on a terminal shows how far it is; into a file or a pipe it does not. It reads pipes and Windows files."""

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
pytestmark = pytest.mark.skipif(
    not (Path(weights.__file__).parent / "weights" / "fast.json").exists(), reason="there are no shipped weights"
)


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


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="needs a path for the standard input")
def test_a_pipe_and_a_byte_order_mark_are_read_like_any_file(tmp_path: Path) -> None:
    target = tmp_path / "out.jsonl"
    lines = b"\xef\xbb\xbf" + b'{"id": "a", "text": "my bag is lost"}\r\n\r\n{"text": "great crew"}\r\n'
    command = [sys.executable, "-m", "pipelines.cli", "score", "--input", "/dev/stdin", "--output", str(target)]
    done = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"") and b"2 texts scored" in done.stdout
    assert [json.loads(line)["id"] for line in target.read_text(encoding="utf-8").splitlines()] == ["a", 2]
