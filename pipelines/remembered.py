"""What detectors remember between runs, in `<storage>/detectors/<name>.npz`, so that a run reads new buckets only.

A file holds a detector's state at the end of a bucket, the episodes that were open or have just ended, and what it rests on: the
detector's configuration, the code, the brands, a hash of all counts before that bucket, and how much of it is recorded in the
warehouse. Where any of these differs now (late mentions, another setting, a restored warehouse), it counts for nothing, and all
of history is replayed, as without a file that can be read: it only ever saves time.

State is whatever numpy arrays hang on the state's objects, by their path; nothing else changes as a detector reads.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import logging
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.detectors.base import Detector, Evidence
from pipelines.episodes import Episode, Tracker, Transition

log = logging.getLogger(__name__)
Arrays = dict[str, NDArray[Any]]
_ABOUT = "about"  # the JSON among the arrays


def _parts(thing: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(path, holder, key) of every array below an object, a dict or a list, in order of their paths."""
    if isinstance(thing, dict):
        found = [(str(key), key, value) for key, value in thing.items()]
    elif isinstance(thing, list):
        found = [(str(key), key, value) for key, value in enumerate(thing)]
    elif hasattr(thing, "__dict__"):
        found = [(key, key, value) for key, value in vars(thing).items()]
    else:
        return
    for name, key, value in found:
        if isinstance(value, np.ndarray):
            yield f"{path}/{name}", thing, key
        else:
            yield from _parts(value, f"{path}/{name}")


def arrays(state: Any) -> Arrays:
    """Every array of a state, by path."""
    return {path: (h[k] if isinstance(h, dict | list) else getattr(h, k)) for path, h, k in _parts(state)}


def restore(state: Any, saved: Arrays) -> None:
    """Put arrays back into a fresh state of the same detector and brands.

    Raises:
        ValueError: they are of another kind of state.
    """
    places = list(_parts(state))
    if {path for path, _, _ in places} != saved.keys():
        raise ValueError("the state is of another kind")
    for path, holder, key in places:
        if isinstance(holder, dict | list):
            holder[key] = saved[path]
        else:
            setattr(holder, key, saved[path])


@dataclasses.dataclass(frozen=True, slots=True)
class Memory:
    """What a file holds.

    Attributes:
        end: first bucket that the detector has not read.
        rests_on: what must be the same now, as text.
        state: arrays of the detector's state.
        tracks: of each brand, its open episode, its calm buckets and how its last episode ended.
    """

    end: int
    rests_on: str
    state: Arrays
    tracks: list[Any]


@cache
def _code() -> str:
    """Hash of the code that detects: another version may keep another state."""
    folder = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted([*folder.glob("*.py"), *folder.glob("detectors/*.py")]):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def rests_on(detector: Detector, brands: Sequence[str], past: str, recorded: Any) -> str:
    """What a memory rests on.

    Args:
        past: hash of what was read.
        recorded: how much of it the warehouse holds.
    """
    text = json.dumps([detector.name, detector.model_dump_json(), _code(), list(brands), past, recorded], default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def load(path: Path) -> Memory | None:
    """What a file holds; None where there is none that can be read."""
    try:
        with np.load(path, allow_pickle=False) as file:
            about = json.loads(str(file[_ABOUT]))
            state = {name: file[name] for name in file.files if name != _ABOUT}
        return Memory(int(about["end"]), about["rests_on"], state, about["tracks"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("%s cannot be read (%s): all of history is replayed", path, error)
        return None


def save(path: Path, memory: Memory) -> None:
    """Write a memory beside and rename: whoever is killed leaves the one before."""
    about = json.dumps({"end": memory.end, "rests_on": memory.rests_on, "tracks": memory.tracks}, default=lambda n: n.item())
    held = {name: np.ascontiguousarray(values) for name, values in memory.state.items()}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **held, **{_ABOUT: np.array(about)})
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(buffer.getbuffer())
    part.replace(path)


def tracks(tracker: Tracker) -> list[Any]:
    """Where each brand of a tracker stands, as JSON takes it."""
    return [
        [dataclasses.asdict(t.episode) if t.episode else None, t.calm, dataclasses.asdict(t.ended) if t.ended else None]
        for t in tracker.tracks
    ]


def resume(tracker: Tracker, saved: list[Any]) -> list[Episode]:
    """Put a fresh tracker where the saved one stood; gives the episodes that are open."""
    for track, (episode, calm, ended) in zip(tracker.tracks, saved, strict=True):
        track.calm, track.ended = calm, _transition(ended) if ended else None
        if episode:
            transitions = [_transition(t) for t in episode["transitions"]]
            track.episode = Episode(episode["brand"], episode["onset"], episode["signal"], transitions)
    return [track.episode for track in tracker.tracks if track.episode]


def _transition(saved: dict[str, Any]) -> Transition:
    evidence = Evidence(**{name: _tupled(value) for name, value in saved["evidence"].items()})
    return Transition(**(saved | {"evidence": evidence}))


def _tupled(value: Any) -> Any:
    return tuple(_tupled(v) for v in value) if isinstance(value, list) else value
