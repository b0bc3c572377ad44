"""`make bench`: what models and line cost and how the cost grows, into bench/results.json.

Every figure is taken in fresh processes, beside a yardstick measured in the same run (parsing the same file with Python's
json on one core, and DuckDB reading it), because machines differ and are noisy. Sizes: 10^4, 10^5 and 10^6 mentions, or
those given on the command line. Peak memory is the proportional set size of the whole process tree, sampled every 20 ms.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
EARSHOT = [sys.executable, "-m", "pipelines.cli"]


def tree_memory(pid: int) -> int:
    """Bytes that a process and all its descendants hold (proportional set size: shared pages counted once)."""
    total, stack = 0, [pid]
    while stack:
        one = stack.pop()
        try:
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1]) * 1024
            for task in Path(f"/proc/{one}/task").iterdir():
                stack += map(int, (task / "children").read_text().split())
        except OSError:
            continue  # it ended while we looked
    return total


def measured(command: list[str], **options: Any) -> dict[str, float]:
    """Run a command; wall seconds and peak bytes of its process tree. A failure ends the bench."""
    started, peak = time.perf_counter(), 0
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, **options)
        while process.poll() is None:
            peak = max(peak, tree_memory(process.pid))
            time.sleep(0.02)
        seconds = time.perf_counter() - started
        if process.returncode:
            output.seek(0)
            sys.exit(f"{' '.join(command)} failed:\n{output.read().decode(errors='replace')[-3000:]}")
    return {"seconds": round(seconds, 3), "peak_mb": round(peak / 1e6, 1)}


def yardstick(path: Path) -> dict[str, float]:
    """Seconds that plain json parsing and DuckDB need for the same file, each in a fresh process."""
    parse = f"import json\nfor line in open({str(path)!r}, 'rb'): json.loads(line)"
    duck = f"import duckdb; duckdb.sql(\"CREATE TABLE t AS SELECT * FROM read_json_auto('{path}')\")"
    return {
        "json_seconds": measured([sys.executable, "-c", parse])["seconds"],
        "duckdb_seconds": measured([sys.executable, "-c", duck])["seconds"],
    }


def exponent(sizes: list[int], values: list[float]) -> float:
    """Slope of log(value) over log(size): 1 is linear, 0 is flat."""
    x, y = [math.log(s) for s in sizes], [math.log(max(v, 1e-9)) for v in values]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    return round(sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / sum((a - mean_x) ** 2 for a in x), 3)


def run_line(source: Path, storage: Path, model: str, extra: list[str]) -> dict[str, float]:
    """The whole line on one file, in a fresh process."""
    command = [*EARSHOT, "run", "--input", str(source), "--warehouse", str(storage), "--model", model, "--quiet", *extra]
    return measured(command, env=os.environ | {"PYTHONPATH": str(ROOT)})


def stages(source: Path, storage: Path, model: str, size: int) -> dict[str, int]:
    """Mentions a second of each stage by itself, run one after another in one fresh process."""
    command = [sys.executable, "-m", "tests.bench.stages", str(source), str(storage), model]
    output = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(ROOT)}
    )
    return {name: round(size / max(seconds, 0.001)) for name, seconds in json.loads(output.stdout).items()}


def growth(folder: Path, sizes: list[int], model: str) -> dict[str, Any]:
    """Time and memory of the line without transformer and spaCy at each size, and their growth exponents."""
    from pipelines.simulation.export import write_jsonl

    rows = []
    for size in sizes:
        source = folder / f"{size}.jsonl"
        write_jsonl(source, size, seed=1)
        first = run_line(source, folder / f"{size}-{model}", model, [])
        again = run_line(source, folder / f"{size}-{model}", model, [])
        sticks = yardstick(source)
        rows.append(
            {
                "mentions": size,
                **first,
                "mentions_per_second": round(size / first["seconds"]),
                "rerun_seconds": again["seconds"],
                "stages_per_second": stages(source, folder / f"{size}-{model}-stages", model, size),
                **sticks,
                "times_json_parsing": round(first["seconds"] / sticks["json_seconds"], 2),
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    mentions = [r["mentions"] for r in rows]
    result: dict[str, Any] = {"model": model, "sizes": rows}
    if len(rows) > 1:
        result["time_exponent"] = exponent(mentions, [r["seconds"] for r in rows])
        result["memory_exponent"] = exponent(mentions, [r["peak_mb"] for r in rows])
        small, large = rows[-2], rows[-1]
        result["marginal_mentions_per_second"] = round(
            (large["mentions"] - small["mentions"]) / (large["seconds"] - small["seconds"])
        )
    return result


def airline_week(folder: Path) -> dict[str, Any] | None:
    """The real week, without models: first run, and the unchanged rerun with the bytes that it added."""
    data = Path(os.environ.get("EARSHOT_DATA", ROOT.parent / "shared" / "data")) / "streams" / "airline_week.jsonl"
    if not data.exists():
        return None
    extra = ["--map", str(ROOT / "examples" / "airline_week.toml")]
    storage = folder / "airline"
    first = run_line(data, storage, "none", extra)
    before = sum(f.stat().st_size for f in storage.rglob("*") if f.is_file())
    again = run_line(data, storage, "none", extra)
    after = sum(f.stat().st_size for f in storage.rglob("*") if f.is_file())
    return {**first, "rerun_seconds": again["seconds"], "rerun_bytes_added": after - before}


def models() -> Any:
    """The encoder beside transformers' pipelines and the limit of the processor; see models.py."""
    command = [sys.executable, "-m", "tests.bench.models"]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(output.stdout)


def main() -> None:
    """Measure and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--out", type=Path, default=ROOT / "bench" / "results.json")
    parser.add_argument("--only", choices=["models", "line"], help="measure one part and keep what the file says of the other")
    args = parser.parse_args()
    machine = {"cpus": os.cpu_count(), "processor": platform.processor() or platform.machine()}
    result: dict[str, Any] = {"machine": machine}
    if args.only and args.out.exists():
        result = json.loads(args.out.read_text()) | result
    if args.only != "line":
        result["models"] = models()
    if args.only != "models":
        result |= line(args.sizes)
    args.out.parent.mkdir(exist_ok=True)
    args.out.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps({k: v for k, v in result.items() if k != "machine"}, indent=2))
    print(f"written: {args.out}")


def detection() -> Any:
    """Return periods, the tick of ten thousand brands, and the line's detector on history; see detection.py."""
    command = [sys.executable, "-m", "tests.bench.detection"]
    output = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(output.stdout)


def line(sizes: list[int]) -> dict[str, Any]:
    """The whole line: the real week without models, and its growth with the size of the input."""
    result: dict[str, Any] = {"detection": detection()}
    with tempfile.TemporaryDirectory(prefix="earshot-bench-") as name:
        folder = Path(name)
        result["airline_week"] = airline_week(folder)
        print(json.dumps(result["airline_week"]), flush=True)
        for model in ("none", "lexicon"):
            result[f"line_{model}"] = growth(folder, sizes, model)
    return result


if __name__ == "__main__":
    main()
