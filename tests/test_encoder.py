"""The encoder: refuses what is not its own, answers anything, and training goes on where it was stopped."""

from __future__ import annotations

import argparse
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from sklearn.metrics import f1_score, recall_score

from models import backbones, base, encoder, weights
from models.base import INTENTS, REASONS, ModelFault
from models.encoder import Encoder, exclusive, expand, packed
from models.evaluation import metrics
from models.network import fresh
from models.text import normalise
from models.training import export
from models.training.sets import NONE, fingerprint, fold, key, load, read
from models.training.train import Plan, Run, refined
from pipelines.cli import main
from tests.labelled import write_sets

DATA = Path(os.environ.get("EARSHOT_DATA", Path(__file__).parent.parent.parent / "shared" / "data"))
SENTIMENT_VAL = DATA / "tweeteval" / "sentiment_val.jsonl"
SMALL = Plan(epochs=1, limit=200)
HOSTILE = [
    "", " \n\t ", "\x00\x01\x02", "\ud800", "\udfff late \ud83d", "😡" * 5_000, "a" * 1_000_000, "x " * 500_000,
    "\u202eright to left\u202c", "\u200b\u200d\ufeff", "مرحبا بالعالم", "&#0;&lt;p&gt;", "\\ud800 \\u0000",
    "@" * 300, "http://" * 300,
    "[CASEREF] [EMAIL]", "é" * 10_000, "🏳️‍🌈👨‍👩‍👧‍👦", "\r\n" * 1_000,
]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads on one small matrix wait for each other wherever the machine has other work."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sets(tmp_path_factory.mktemp("sets"))


@pytest.fixture(scope="module")
def run_folder(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run trained in one go."""
    folder = tmp_path_factory.mktemp("run")
    Run(data, folder, SMALL).train()
    return folder


@pytest.fixture(scope="module")
def small(data: Path, run_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Exported weights of the small run."""
    folder = tmp_path_factory.mktemp("weights")
    export.write("fast", [run_folder], load(data), folder)
    return folder


@pytest.fixture
def use(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the small weights that is loaded instead of the shipped ones."""
    folder = tmp_path / "weights"
    shutil.copytree(small, folder)
    monkeypatch.setenv("EARSHOT_WEIGHTS", str(folder))
    encoder.load.cache_clear()
    yield folder
    encoder.load.cache_clear()


def test_the_network_computes_what_the_published_model_computes() -> None:
    from transformers import AutoModel, AutoTokenizer

    path, _ = backbones.files(backbones.MINILM)
    theirs, tokenizer = AutoModel.from_pretrained(path.parent).eval(), AutoTokenizer.from_pretrained(path.parent)
    texts = ["hello world", "a much longer sentence about flights that are late", "@user why"]
    batch = tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        hidden, real = theirs(**batch).last_hidden_state, batch["attention_mask"][..., None]
        ours = fresh(backbones.MINILM, path).eval().pool(batch["input_ids"], batch["attention_mask"].sum(1))
    assert torch.allclose(ours, (hidden * real).sum(1) / real.sum(1), atol=1e-5)


def test_a_run_that_was_stopped_ends_like_one_that_was_not(data: Path, run_folder: Path, tmp_path: Path) -> None:
    torch.manual_seed(99)
    Run(data, tmp_path, SMALL).train(save_every=3, stop_after=5)
    torch.manual_seed(7)  # whatever happened in between
    Run(data, tmp_path, SMALL).train(save_every=3)
    first, second = (torch.load(folder / "final.pt", weights_only=True)["network"] for folder in (run_folder, tmp_path))
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)
    with pytest.raises(ModelFault, match="another run"):
        Run(data, tmp_path, Plan(epochs=2))


def test_runs_are_averaged_and_thin_matrices_refuse_to_be(data: Path, run_folder: Path, tmp_path: Path) -> None:
    state = torch.load(run_folder / "final.pt", weights_only=True)
    sets = load(data)

    def moved(by: float, rank: int = 0) -> Path:
        folder = tmp_path / f"moved{by}-{rank}"
        folder.mkdir()
        network = {name: value + by for name, value in state["network"].items()}
        torch.save({"plan": state["plan"] | {"rank": rank}, "network": network}, folder / "final.pt")
        return folder

    for folder, runs in (("mean", [run_folder, moved(1.0)]), ("one", [moved(0.5)])):
        export.write("fast", runs, sets, tmp_path / folder)
    mean, one = (load_file(str(tmp_path / folder / "fast.safetensors")) for folder in ("mean", "one"))
    assert mean.keys() == one.keys()
    for name, values in one.items():
        assert torch.allclose(mean[name].float(), values.float(), atol=1.01 if name.endswith("delta") else 1e-3), name
    with pytest.raises(ModelFault, match="only with the run that it went on from"):
        export.write("fast", [moved(0.0, rank=4), moved(2.0, rank=4)], sets, tmp_path / "thin")


def test_a_run_goes_on_from_another_ones_weights(data: Path, run_folder: Path, tmp_path: Path) -> None:
    done = torch.load(run_folder / "final.pt", weights_only=True)["network"]
    later = Run(data, tmp_path / "later", refined(replace(SMALL, limit=0)), start=run_folder)
    assert all(torch.equal(later.trained[name], value) for name, value in done.items())
    known = sum(len(e.intents) == len(INTENTS) for e in later.sets.train)
    assert known <= len(later.encoded.ids) < len(later.sets.train), "most of what tells no intent is left out"
    path = Run(data, tmp_path / "short", refined(replace(SMALL, limit=60)), start=run_folder).train()
    assert torch.load(path, weights_only=True)["plan"]["start"]
    with pytest.raises(ModelFault, match="has not finished"):
        Run(data, tmp_path / "none", SMALL, start=tmp_path)
    with pytest.raises(ModelFault, match="another tier or rank"):
        Run(data, tmp_path / "thin", replace(SMALL, rank=2), start=run_folder)


@pytest.mark.skipif(not SENTIMENT_VAL.exists(), reason="the labelled sets are not here")
def test_intents_that_were_read_since_find_their_texts_and_keep_what_a_set_says() -> None:
    lines = (Path(export.__file__).parent / "written" / "read.tsv").read_text(encoding="utf-8").splitlines()
    labels = {name: set(filter(None, found.split(","))) for name, found in (line.split("\t") for line in lines)}
    known = {key(e.text): e for e in load(DATA, fold_out=NONE).train if key(e.text) in labels}
    assert len(known) > 0.95 * len(labels) > 0
    assert all(len(e.intents) == len(INTENTS) for e in known.values())
    complaints = {key(row["text"]): row["complaint"] for row in read(DATA / "intents" / "complaints_train.jsonl")}
    both = known.keys() & complaints.keys()
    assert both and all(known[name].intents["complaint"] == complaints[name] for name in both)


def test_intents_are_cross_validated_on_what_each_run_left_out(
    data: Path, use: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in (0, 1):
        command = f"train --data {data} --out {tmp_path}/{number} --hold-out {number} --epochs 1 --teacher none --limit 60"
        assert main(command.split()) == 0
    assert main(f"evaluate --data {data} --folds {tmp_path}/0 {tmp_path}/1".split()) == 0
    held = [e for number in (0, 1) for e in load(data, fold_out=number).held["intents"]]
    said = capsys.readouterr().out
    assert f"on {len(held):,} posts; mean of 2 parts" in said
    assert f"| complaint | {sum(e.intents['complaint'] for e in held)} |" in said
    assert main(f"evaluate --data {data} --folds {tmp_path}/0 {tmp_path}/0".split()) == 2
    assert "--hold-out" in capsys.readouterr().err


def test_a_teachers_answers_are_learnt_beside_the_labels(data: Path, use: Path, tmp_path: Path) -> None:
    plan = Plan(epochs=1, limit=60, teacher="fast", trust=0.25)
    run = Run(data, tmp_path, plan)
    alone = Run(data, tmp_path / "alone", replace(plan, teacher="", limit=0))
    assert len(run.sets.unlabelled) and len(alone.encoded.ids) == len(run.sets.train)
    answers, said = torch.load(tmp_path / "answers-fast.pt", weights_only=True), set()
    for head, goal in run.encoded.goals.items():
        assert not goal.isnan().any() and goal.shape == answers[head].shape, "every head has a target for every text"
        labelled = run.encoded.weights[head] == 1.0
        assert torch.equal(goal[~labelled], answers[head][~labelled])
        said |= {round(label, 5) for label in (goal[labelled] - 0.25 * answers[head][labelled]).tolist()}
    assert said == {0.0, 0.75}, "a quarter is the teacher's"
    before = (tmp_path / "answers-fast.pt").stat().st_mtime_ns
    Run(data, tmp_path, plan).train()
    assert (tmp_path / "answers-fast.pt").stat().st_mtime_ns == before, "asked once a run"


def test_validation_texts_never_train(data: Path) -> None:
    sets = load(data)
    held = {fingerprint(e.text) for examples in sets.held.values() for e in examples}
    assert sets.train and not held & {fingerprint(e.text) for e in sets.train}
    assert all(fold(e.text) == 0 for e in sets.held["intents"])
    assert fold("RT @me: Late AGAIN! http://x.y") == fold("late again")


def test_packing_keeps_the_weights(run_folder: Path) -> None:
    path, _ = backbones.files(backbones.MINILM)
    from models.network import pretrained

    start = pretrained(backbones.MINILM, path)
    trained = torch.load(run_folder / "final.pt", weights_only=True)["network"]
    full = expand(export.pack(trained, start), start)
    for name, tensor in trained.items():
        moved = (tensor - start[name]).abs().max().item() if name in start else tensor.abs().max().item()
        assert (full[name] - tensor).abs().max().item() <= moved / 200 + 1e-6, name
    assert torch.equal(full["words.weight"], start["words.weight"])


def test_any_text_gets_an_answer(use: Path) -> None:
    model = encoder.load()
    scores = model.score(HOSTILE)
    assert isinstance(model, base.Model) and len(scores) == len(HOSTILE)
    assert set(scores.reason) <= set(REASONS)
    assert scores.reason[:4] == ["empty"] * 4
    known = np.array([reason in ("", "low_confidence") for reason in scores.reason])
    assert np.allclose(scores.sentiment[known].sum(axis=1), 1, atol=1e-4)
    assert model.score([]).labels() == []


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(codec=None), max_size=80), max_size=6))
def test_fuzzed_texts_get_answers(texts: list[str]) -> None:
    for text in texts:
        plain = normalise(text)
        assert len(plain) <= 200_000
        plain.encode("utf-8")
    assert len(list(packed(np.array([len(t) + 1 for t in texts], dtype=np.int64)))) <= len(texts)


def test_order_and_copies_do_not_change_an_answer(use: Path) -> None:
    texts = ["a lovely flight", "a terrible delay and nobody told us", "the gate is 12", "a lovely flight"]
    forward, backward = encoder.load().score(texts), encoder.load().score(texts[::-1])
    assert np.array_equal(forward.sentiment[0], forward.sentiment[3])
    assert np.allclose(forward.sentiment, backward.sentiment[::-1], atol=5e-3)


def test_unsupported_languages_are_unknown_but_can_be_asked_for(use: Path) -> None:
    texts = ["Mein Flug ist schon wieder verspätet und niemand hilft"]
    assert np.isnan(encoder.load().score(texts).sentiment).all()
    asked = encoder.load().score(texts, everything=True)
    assert asked.reason == ["language"] and asked.labels() == ["unknown"] and not np.isnan(asked.sentiment).any()


def test_other_bytes_are_refused(use: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = use / "fast.safetensors"
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 1
    file.write_bytes(raw)
    backbones.sha256.cache_clear()
    with pytest.raises(ModelFault, match="sha256"):
        encoder.load()
    file.unlink()
    with pytest.raises(ModelFault, match="missing"):
        encoder.load()
    (use / "fast.json").write_text('{"tier": "fast"}')
    with pytest.raises(ModelFault, match="cannot be used"):
        weights.version("fast")
    (use / "fast.json").unlink()
    with pytest.raises(ModelFault, match="earshot train"):
        encoder.load()
    monkeypatch.setenv("EARSHOT_BACKBONES", str(tmp_path))
    (tmp_path / backbones.MINILM.name).mkdir()
    (tmp_path / backbones.MINILM.name / "model.safetensors").write_bytes(b"not the model")
    with pytest.raises(ModelFault, match="other bytes are refused"):
        backbones.files(backbones.MINILM)


def test_a_version_names_weights_and_thresholds(use: Path) -> None:
    first = weights.version("fast")
    values = json.loads((use / "fast.json").read_text())
    values["thresholds"]["urgent"] += 0.01
    (use / "fast.json").write_text(json.dumps(values))
    assert weights.version("fast") != first


def test_irrelevant_stands_alone() -> None:
    place = INTENTS.index("irrelevant")
    chances = np.full((3, len(INTENTS)), 0.1, dtype=np.float32)
    chances[0, [0, place]] = 0.6, 0.9
    chances[1, [0, place]] = 0.9, 0.6
    labels = exclusive(chances, np.full(len(INTENTS), 0.5, dtype=np.float32))
    assert [np.flatnonzero(row).tolist() for row in labels] == [[place], [0], []]


@given(st.lists(st.integers(1, 128), max_size=200), st.integers(1, 1000))
def test_batches_hold_each_row_once_and_keep_to_the_budget(lengths: list[int], budget: int) -> None:
    sizes = np.array(lengths, dtype=np.int64)
    batches = list(packed(sizes, budget))
    assert sorted(i for batch in batches for i in batch.tolist()) == list(range(len(lengths)))
    assert all(len(batch) == 1 or len(batch) * sizes[batch].max() <= budget for batch in batches)


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=60))
def test_metrics_are_those_of_the_textbooks(pairs: list[tuple[int, int]]) -> None:
    true, guess = (np.array(column) for column in zip(*pairs, strict=True))
    labels = np.unique(true)
    assert metrics.macro_f1(true, guess) == pytest.approx(f1_score(true, guess, labels=labels, average="macro", zero_division=0))
    expected = recall_score(true, guess, labels=labels, average="macro", zero_division=0)
    assert metrics.macro_recall(true, guess) == pytest.approx(expected)


def test_score_writes_one_line_a_text_in_order(use: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = {"t1": "a lovely flight", "t2": "", "t3": "\ud800 late", "t4": "a" * 300_000, 9: None}
    rows = [{"id": key, "text": text} for key, text in texts.items()]
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    assert main(["score", "--input", str(source), "--output", str(target)]) == 0
    answers = [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]
    assert [answer["id"] for answer in answers] == [row["id"] for row in rows]
    for answer in answers:
        assert sum(answer["sentiment"].values()) == pytest.approx(1, abs=1e-3) and set(answer["intents"]) == set(INTENTS)
        assert set(answer["emotion"]) == set(base.EMOTIONS) and 0 <= answer["irony"] <= 1 and 0 <= answer["offensive"] <= 1
        assert isinstance(answer["unknown"], bool) and answer["model"].startswith("encoder@fast-")
    assert [answer["unknown"] for answer in answers][1:2] == [True]
    source.write_text('{"id": 1, "text": "x"}\nno json\n', encoding="utf-8")
    assert main(["score", "--input", str(source), "--output", str(target)]) == 2
    assert "line 2" in capsys.readouterr().err and len(target.read_text(encoding="utf-8").splitlines()) == len(rows)
    assert main(["score", "--input", str(tmp_path / "none.jsonl"), "--output", str(target)]) == 2
    assert [p.name for p in tmp_path.glob("*.part")] == []


def test_train_command_exports_what_can_be_loaded(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines.commands import train

    parser = argparse.ArgumentParser()
    train.add_arguments(parser)
    folder = tmp_path / "weights"
    arguments = ["--data", str(data), "--out", str(tmp_path / "run"), "--limit", "30", "--epochs", "1", "--threads", "1"]
    arguments += ["--teacher", "none", "--export", "--weights", str(folder)]
    assert train.run(parser.parse_args(arguments)) == 0
    monkeypatch.setenv("EARSHOT_WEIGHTS", str(folder))
    encoder.load.cache_clear()
    assert len(encoder.load().score(["hello there, how are you"])) == 1
    encoder.load.cache_clear()


FOLDER = Path(weights.__file__).parent / "weights"
SHIPPED = pytest.mark.skipif(not (FOLDER / "fast.json").exists(), reason="there are no shipped weights")


@SHIPPED
def test_shipped_weights_know_the_obvious() -> None:
    encoder.load.cache_clear()
    texts = {
        "@united thank you so much, best crew ever!": "positive",
        "@united worst airline, my bag is lost and nobody answers": "negative",
        "@united what time does the 5pm flight to Denver board?": "neutral", "this is not good at all": "negative",
    }
    scores = encoder.load().score(list(texts))
    assert scores.labels() == list(texts.values())
    names = scores.intent_names()
    assert "praise" in names[0] and "complaint" in names[1] and {"request", "needs_response"} <= set(names[2])
    assert sum(p.stat().st_size for p in FOLDER.iterdir()) <= 30_000_000


@SHIPPED
@pytest.mark.data
@pytest.mark.skipif(not SENTIMENT_VAL.exists(), reason="needs the labelled sets: set EARSHOT_DATA")
def test_shipped_weights_on_validation_texts_and_in_both_precisions() -> None:
    rows = [json.loads(line) for line in SENTIMENT_VAL.read_text(encoding="utf-8").splitlines()][:600]
    texts, true = [row["text"] for row in rows], np.array([base.SENTIMENTS.index(row["label"]) for row in rows])
    encoder.load.cache_clear()
    shipped = encoder.load()
    network = encoder.build(backbones.MINILM, encoder.load_file(weights.folder() / "fast.safetensors"))
    exact = Encoder(network, backbones.files(backbones.MINILM)[1], shipped.sheet, bf16=False)
    quick, slow = shipped.logits(texts), exact.logits(texts)
    assert metrics.macro_recall(true, quick["sentiment"].argmax(axis=1)) > 0.69
    agree = [(quick[h].argmax(axis=1) == slow[h].argmax(axis=1)).mean() for h in ("sentiment", "emotion")]
    agree += [((quick[h] > 0) == (slow[h] > 0)).mean() for h in ("intents", "irony", "offensive")]
    assert min(agree) >= 0.985 and float(np.mean(agree)) >= 0.995
