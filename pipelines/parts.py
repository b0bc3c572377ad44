"""Lands one file: small ones in this process, large ones in parts by two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines import forgotten, workers
from pipelines.landing import Landing, Manifest, WindowWriter, file_hash
from pipelines.mapping import Mapping
from pipelines.protector import BATCH_ROWS, Protector, write
from pipelines.records import Brand, Mention, Rejected
from pipelines.rows import mapper_of
from pipelines.settings import Settings
from pipelines.tables import Part, open_table


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One part of a file: everything that a process of its own needs."""

    storage: Path
    path: Path
    mapping: Mapping
    source: str
    key: str
    part: Part
    number: int
    parts: int
    now: datetime
    brands: tuple[Brand, ...]
    salt: str
    made_with: str


def file_key(path: Path) -> str:
    """Window key of a file: the same bytes have the same key, whatever their name, folder or time."""
    return f"file-{file_hash(path)[:16]}"


def land_file(settings: Settings, path: Path, mapping: Mapping, *, source: str, now: datetime) -> list[Manifest]:
    """Land a file under its key, or its parts under keys of their own; parts that have landed are not read again.

    The same file under another mapping or other brands lands again and takes the place of what it was.

    Raises:
        InputError: the file cannot be read at all or no column holds the text.
    """
    if not path.is_file():
        open_table(path, mapping)  # says why
    key = file_key(path)
    brands = settings.query.brands
    made_with = Protector(brands, settings.salt).made_with + mapping.digest.hex()[:8]
    landing = Landing(settings.storage)
    landed = _landed(landing, source, key, made_with)
    if landed is not None:
        return landed
    found = open_table(path, mapping).parts()
    jobs = [
        _Job(
            storage=settings.storage, path=path, mapping=mapping, source=source, part=part, number=number, parts=len(found),
            key=key if len(found) == 1 else f"{key}-p{number:04d}", now=now, brands=brands, salt=settings.salt,
            made_with=made_with,
        )
        for number, part in enumerate(found)
    ]
    return _run(jobs, landing)


def _landed(landing: Landing, source: str, key: str, made_with: str) -> list[Manifest] | None:
    """Manifests of a file that has landed as a whole, else None."""
    first = landing.read_manifest(source, key) or landing.read_manifest(source, f"{key}-p0000")
    if first is None or first.made_with != made_with:
        return None
    keys = [key] if first.parts == 1 else [f"{key}-p{n:04d}" for n in range(first.parts)]
    found = [landing.read_manifest(source, k) for k in keys]
    whole = [m for m in found if m is not None and m.made_with == made_with]
    return whole if len(whole) == len(keys) else None


def _run(jobs: list[_Job], landing: Landing) -> list[Manifest]:
    done = {job.key: landing.read_manifest(job.source, job.key) for job in jobs}
    open_jobs = [j for j in jobs if (m := done[j.key]) is None or m.made_with != j.made_with]
    if len(open_jobs) > 1 and workers.possible():
        with workers.pool() as pool:
            done |= {m.window: m for m in pool.map(_land_part, open_jobs)}
    else:
        done |= {job.key: _land_part(job) for job in open_jobs}
    return [m for job in jobs if (m := done[job.key]) is not None]


def _land_part(job: _Job) -> Manifest:
    table = open_table(job.path, job.mapping)
    mapper = mapper_of(job.mapping, source=job.source, file=job.path.name, now=job.now, brands=job.brands, seen=job.part.seen)
    protector = Protector(job.brands, job.salt, forgotten.read(Landing(job.storage)))
    mentions: list[Mention] = []
    rejected: list[Rejected] = []
    with WindowWriter(Landing(job.storage), job.source, job.key) as writer:
        for row in table.rows(job.part):
            item = mapper(row)
            if isinstance(item, Mention):
                mentions.append(item)
            else:
                rejected.append(item)
            if len(mentions) + len(rejected) >= BATCH_ROWS:
                write(writer, protector, mentions, rejected, job.key)
        write(writer, protector, mentions, rejected, job.key)
        return writer.finish(file=job.path.name, part=job.number, parts=job.parts, made_with=job.made_with)


def land_unreadable(settings: Settings, path: Path, reason: str, *, source: str) -> Manifest:
    """Land a file that cannot be read as one rejected row: it is counted and seen, and blocks no other file."""
    key = file_key(path) if path.is_file() else f"file-{path.name}"
    protector = Protector(settings.query.brands, settings.salt)
    with WindowWriter(Landing(settings.storage), source, key) as writer:
        writer.reject(protector.rejected([Rejected(source=source, file=path.name, line=0, reason=reason, raw="")], key))
        return writer.finish(file=path.name, made_with="unreadable")
