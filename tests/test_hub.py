"""Checkpoints of Hugging Face in place of a head: tiny ones, made here, through the same files and code as real ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from models import base, hub
from models.base import EMOTIONS, INTENTS, ModelFault
from models.encoder import usable
from models.lexicon import Lexicon
from models.text import normalise
from pipelines import enrich, line, load
from pipelines.errors import ConfigError, ModelError
from pipelines.settings import read

AT = datetime(2026, 1, 31, 14, 15, tzinfo=UTC)
TEXTS = (
    "@united worst flight ever, still on hold", "thank you, the crew was wonderful", "my bag is lost and nobody answers me", "",
    "Mein Flug ist schon wieder verspätet und niemand hilft mir", "gate b12", "thank you, the crew was wonderful",
)
THREE = ("LABEL_0", "LABEL_1", "LABEL_2")
MAP = {"LABEL_0": "positive", "LABEL_1": "neutral", "LABEL_2": "negative"}


def checkpoint(folder: Path, labels: tuple[str, ...], *, seed: int = 0, several: bool = False) -> Path:
    """A random BERT of a few units with a tokeniser, as save_pretrained writes it."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = sorted({w.lower() for text in TEXTS for w in normalise(text).replace(",", " ").split()})
    vocabulary = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *words])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.Whitespace()
    raw.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=raw, model_max_length=64, **special).save_pretrained(folder)
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=66, initializer_range=1.0, id2label=dict(enumerate(labels)),
        label2id={label: i for i, label in enumerate(labels)},
        problem_type="multi_label_classification" if several else "single_label_classification",
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("three"), THREE)


def replacement(folder: Path, head: str, labels: dict[str, str] | None = None, **more: Any) -> hub.Replacement:
    return hub.Replacement(head=head, checkpoint=str(folder), revision=None, labels=tuple((labels or {}).items()), **more)


def logits(folder: Path, text: str) -> Any:
    """What transformers itself says of one text."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokens = AutoTokenizer.from_pretrained(folder)(normalise(text), return_tensors="pt", truncation=True, max_length=64)
    with torch.inference_mode():
        return AutoModelForSequenceClassification.from_pretrained(folder).eval()(**tokens).logits[0].numpy()


def test_sentiment_is_the_checkpoints_and_all_else_the_models(three: Path) -> None:
    model = hub.Hub(Lexicon(), [replacement(three, "sentiment", MAP, confidence=0.0)])
    scores, plain = model.score(TEXTS), Lexicon().score(TEXTS)
    for i, text in enumerate(TEXTS):
        if plain.reason[i] in ("empty", "language"):
            assert scores.reason[i] == plain.reason[i] and np.isnan(scores.sentiment[i]).all()
            continue
        own = np.exp(logits(three, text))
        assert scores.sentiment[i] == pytest.approx((own / own.sum())[::-1], abs=1e-5)  # negative, neutral, positive
        assert scores.labels()[i] == base.SENTIMENTS[int(scores.sentiment[i].argmax())]
    assert np.array_equal(scores.intents, plain.intents, equal_nan=True) and scores.language == plain.language
    assert scores.intent_names() == plain.intent_names()


def test_a_sentiment_that_is_hardly_likelier_than_the_others_is_unknown(three: Path) -> None:
    scores = hub.Hub(Lexicon(), [replacement(three, "sentiment", MAP, confidence=1.0)]).score(TEXTS)
    assert scores.reason[1] == "low_confidence" and scores.labels()[1] == "unknown"


def test_a_checkpoint_that_reads_german_scores_german(three: Path) -> None:
    scores = hub.Hub(Lexicon(), [replacement(three, "sentiment", MAP, confidence=0.0, languages=("de",))]).score(TEXTS)
    assert scores.labels()[4] != "unknown" and scores.language[4] == "de"
    assert scores.intent_names()[4] == [] and np.isnan(scores.intents[4]).all()


def test_what_one_checkpoint_made_readable_is_so_for_it_alone(three: Path, tmp_path: Path) -> None:
    """In whatever order the stanzas stand: German is given to the one that says that it reads German."""
    feeling = replacement(checkpoint(tmp_path, EMOTIONS, seed=1), "emotion")
    german = replacement(three, "sentiment", MAP, confidence=0.0, languages=("de",))
    for both in ([german, feeling], [feeling, german]):
        found = hub.Hub(Lexicon(), both).score(TEXTS)
        assert found.emotion is not None and found.labels()[4] != "unknown"
        assert np.isnan(found.emotion[4]).all() and not np.isnan(found.emotion[0]).any()


def test_intents_of_several_labels_at_once(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, ("angry customer", "billing", "thanks", "rage"), several=True)
    mapped = {"angry customer": "complaint", "rage": "complaint", "thanks": "praise", "billing": "none"}
    scores = hub.Hub(Lexicon(), [replacement(folder, "intents", mapped)]).score(TEXTS)
    plain = Lexicon().score(TEXTS)
    chances = 1 / (1 + np.exp(-logits(folder, TEXTS[0])))
    complaint, praise = INTENTS.index("complaint"), INTENTS.index("praise")
    assert scores.intents[0, complaint] == pytest.approx(max(chances[0], chances[3]), abs=1e-5)
    assert scores.intents[0, praise] == pytest.approx(chances[2], abs=1e-5)
    assert scores.intent_labels[0, complaint] == (scores.intents[0, complaint] >= 0.5)
    others = [i for i in range(len(INTENTS)) if i not in (complaint, praise)]
    assert np.array_equal(scores.intents[:, others], plain.intents[:, others], equal_nan=True)


def test_emotion_and_irony_for_a_model_that_has_neither(tmp_path: Path) -> None:
    feeling = checkpoint(tmp_path / "emotion", ("Sadness", "Joy", "Anger", "Optimism"), seed=1)
    irony = checkpoint(tmp_path / "irony", THREE[:2], seed=2)
    found = hub.Hub(Lexicon(), [replacement(feeling, "emotion"), replacement(irony, "irony", {"LABEL_1": "irony"})]).score(TEXTS)
    assert found.emotion is not None and found.irony is not None and found.offensive is None
    own, yes = np.exp(logits(feeling, TEXTS[2])), np.exp(logits(irony, TEXTS[2]))
    order = [("Sadness", "Joy", "Anger", "Optimism").index(e.capitalize()) for e in EMOTIONS]
    assert found.emotion[2] == pytest.approx((own / own.sum())[order], abs=1e-5)
    assert found.irony[2] == pytest.approx(yes[1] / yes.sum(), abs=1e-5) and np.isnan(found.irony[3])


def test_the_version_says_which_checkpoint_and_which_map(three: Path, tmp_path: Path) -> None:
    other = checkpoint(tmp_path / "other", THREE, seed=5)
    moved = shutil.copytree(three, tmp_path / "moved")
    turned = {"LABEL_0": "negative", "LABEL_1": "neutral", "LABEL_2": "positive"}
    versions = [
        hub.version([r]) for r in (
            replacement(three, "sentiment", MAP), replacement(other, "sentiment", MAP),
            replacement(three, "sentiment", turned), replacement(moved, "sentiment", MAP),
        )
    ]
    assert len(set(versions[:3])) == 3 and versions[3] == versions[0]
    assert all(v.startswith("+sentiment-") for v in versions)
    assert base.identity(hub.Hub(Lexicon(), [replacement(three, "sentiment", MAP)])) == f"lexicon@1{versions[0]}"


@pytest.mark.parametrize(
    ("names", "labels", "head", "told"),
    [
        (THREE, {}, "sentiment", "leaves out LABEL_0, LABEL_1, LABEL_2"),
        (THREE, {"LABEL_0": "negative", "LABEL_1": "positive"}, "sentiment", "leaves out LABEL_2, neutral"),
        (THREE, MAP | {"LABEL_7": "neutral"}, "sentiment", "LABEL_7 is not known: the checkpoint a/b has the labels LABEL_0"),
        (THREE, MAP | {"LABEL_0": "great"}, "sentiment", "great is not known: .*head sentiment has negative, neutral, positive"),
        (THREE[:2], {"LABEL_0": "none"}, "irony", "leaves out"),
    ],
)
def test_a_map_that_does_not_fit_names_the_labels(names: tuple[str, ...], labels: dict[str, str], head: str, told: str) -> None:
    with pytest.raises(ModelFault, match=told):
        hub.places(names, labels, head, "a/b")


@given(st.permutations(range(5)), st.integers(0, 2))
@tries(max_examples=50, deadline=None)
def test_any_complete_map_keeps_all_probability(order: list[int], doubled: int) -> None:
    """Five labels onto three: wherever they go, each is somewhere, and every one of ours is reached."""
    names = [f"{i + 1} stars" for i in range(5)]
    ours = [base.SENTIMENTS[i] if i < 3 else base.SENTIMENTS[doubled] for i in order]
    found = hub.places(names, dict(zip(names, ours, strict=True)), "sentiment", "a/b")
    assert [base.SENTIMENTS[p] for p in found if p is not None] == ours and set(found) == {0, 1, 2}


@pytest.fixture(scope="module")
def model(three: Path) -> hub.Hub:
    return hub.Hub(Lexicon(), [replacement(three, "sentiment", MAP)])


@given(st.lists(st.text(st.characters(codec=None), max_size=400), max_size=6))
@tries(max_examples=50, deadline=None)
def test_any_text_gets_an_answer(model: hub.Hub, texts: list[str]) -> None:
    scores = model.score([*texts, "hello there my friend"])
    assert len(scores) == len(texts) + 1
    known = [i for i, why in enumerate(scores.reason) if why in ("", "low_confidence")]
    assert np.allclose(scores.sentiment[known].sum(axis=1), 1, atol=1e-4)


def test_what_cannot_be_loaded_is_said_in_one_sentence(three: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFault, match=r"has no config\.json: give one that save_pretrained wrote"):
        hub.locate(str(tmp_path), None)
    pickled = shutil.copytree(three, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(ModelFault, match="has no safetensors file, and other formats may run code"):
        hub.Classifier(replacement(pickled, "sentiment", MAP))
    for change, told in (
        ({"architectures": ["BertForMaskedLM"]}, "is no sequence classifier but BertForMaskedLM"),
        ({"model_type": "odd", "auto_map": {"AutoConfig": "run_me.Config"}}, "cannot be loaded"),
        ({"hidden_size": 32}, "cannot be loaded"),
    ):
        folder = shutil.copytree(three, tmp_path / told.split()[-1], dirs_exist_ok=True)
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads((three / "config.json").read_text()) | change), encoding="utf-8")
        (folder / "run_me.py").write_text("raise SystemExit('code of a checkpoint ran')\n", encoding="utf-8")
        with pytest.raises(ModelFault, match=told) as caught:
            hub.Classifier(replacement(folder, "sentiment", MAP))
        assert "\n" not in str(caught.value)


CONFIG = """
[brands.united]
name = "United"
[models]
active = "lexicon"
[sources.mine]
kind = "file"
path = "mentions.jsonl"
"""
STANZA = """
[models.sentiment]
kind = "hub"
checkpoint = "{checkpoint}"
{more}
labels = {{LABEL_0 = "positive", LABEL_1 = "neutral", LABEL_2 = "negative"}}
"""


def write(folder: Path, stanza: str) -> Path:
    rows = [
        {"id": str(i), "text": f"United: {text}" if text else "", "created_at": "2026-01-31T14:00:00Z", "property": "addressed"}
        for i, text in enumerate(TEXTS)
    ]
    (folder / "mentions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "earshot.toml").write_text(CONFIG + stanza, encoding="utf-8")
    return folder / "earshot.toml"


def stored(folder: Path) -> dict[tuple[str, int], str]:
    """Sentiment by model and number of the text, of what could be scored."""
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        rows = db.execute(
            "SELECT model, native_id, sentiment FROM enrichments INNER JOIN mentions USING (mention_id) "
            "WHERE unknown_reason IS NULL"
        ).fetchall()
    return {(model, int(number)): sentiment for model, number, sentiment in rows}


def test_the_line_runs_with_a_folder_and_scores_again_with_another(three: Path, tmp_path: Path) -> None:
    """Another checkpoint is another model: what was scored before keeps its scores and gets others under their own key."""
    said = [f"United: {text}" if text else "" for text in TEXTS]
    expected = {}
    for seed in (0, 5):
        shutil.rmtree(tmp_path / "mine", ignore_errors=True)
        checkpoint(tmp_path / "mine", THREE, seed=seed)
        settings = read(write(tmp_path, STANZA.format(checkpoint="mine", more="confidence = 0.0")))
        if not seed:
            line.run(settings, now=AT, since=AT, model=None, progress=lambda stage, window: None)
        else:  # as the Dag `reprocess` does
            for window in (settings.storage / "landing/mentions/source=mine").iterdir():
                key = window.stem.removeprefix("window=")
                enrich.run(settings, "mine", key, now=AT)
                load.run(settings, "mine", key, now=AT)
        name = f"lexicon@1{hub.version(settings.replaced)}"
        labels = hub.Hub(Lexicon(), settings.replaced).score(said).labels()
        expected |= {(name, i): label for i, label in enumerate(labels) if label != "unknown"}
        assert stored(settings.storage) == expected
    assert len({name for name, _ in expected}) == 2


@pytest.mark.parametrize("speaks", [False, True])
def test_who_writes_in_a_language_without_intents_still_gets_an_answer(three: Path, tmp_path: Path, speaks: bool) -> None:
    """A checkpoint reads the sentiment of German; whether it needs an answer nothing says, be it that one finds complaints."""
    stanza = STANZA.format(checkpoint=three, more='confidence = 0.0\nlanguages = ["de"]')
    if speaks:
        checkpoint(tmp_path / "intents", ("complaint", "praise"), several=True)
        stanza += '[models.intents]\nkind = "hub"\ncheckpoint = "./intents"\nlanguages = ["de"]\n'
    settings = read(write(tmp_path, stanza))
    line.run(settings, now=AT, since=AT, model=None, progress=lambda stage, window: None)
    with duckdb.connect(str(settings.storage / "warehouse.duckdb"), read_only=True) as db:
        found = db.execute(
            "SELECT native_id, l.sentiment, l.needs_response, l.is_read, e.intent_scores FROM living_mentions AS l "
            "INNER JOIN mentions USING (mention_id) INNER JOIN enrichments AS e USING (mention_id) "
            "WHERE native_id IN ('1', '4') ORDER BY native_id"
        ).fetchall()
    (_, _, thanks_need_one, _, _), (_, sentiment, needs_response, is_read, chances) = found
    assert not thanks_need_one and sentiment != "unknown" and needs_response and is_read == speaks
    if speaks:
        assert (known := json.loads(chances))["complaint"] > 0 and known["needs_response"] is None


def earshot(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    root = Path(__file__).parent.parent
    env = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "EARSHOT_", "TRANSFORMERS_"))}
    return subprocess.run(
        [sys.executable, "-m", "pipelines.cli", *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=300,
        env=env | {"PYTHONPATH": str(root), "HF_HOME": str(folder / "hub")} | environment,
    )


@pytest.mark.parametrize(("active", "with_stanza"), [("encoder", False), ("lexicon", True)])
def test_a_device_that_is_not_there_is_one_sentence(three: Path, tmp_path: Path, active: str, with_stanza: bool) -> None:
    """What [models] says reaches the encoder and the checkpoints: `check` fails whenever `run` would."""
    path = write(tmp_path, STANZA.format(checkpoint=three, more="") if with_stanza else "")
    plain = path.read_text(encoding="utf-8")
    path.write_text(plain.replace('active = "lexicon"', f'active = "{active}"\ndevice = "cuda:63"'), encoding="utf-8")
    for command in ("check", "run"):
        result = earshot(command, folder=tmp_path)
        assert result.returncode != 0 and "Traceback" not in result.stderr
        [said] = [row for row in (result.stdout + result.stderr).splitlines() if "cuda:63" in row]
        assert "cannot be used, since torch finds" in said and "device in [models]" in said


def test_a_device_that_nobody_knows_is_refused_where_it_is_written(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    for wrong in ("gpu", "cuda:", "mps", ""):
        plain = path.read_text(encoding="utf-8")
        path.write_text(plain.replace('active = "lexicon"', f'active = "lexicon"\ndevice = "{wrong}"'), encoding="utf-8")
        with pytest.raises(ConfigError, match=rf"\[models\] device = '{wrong}': allowed are cpu and cuda"):
            read(path)
        path.write_text(plain, encoding="utf-8")
        with pytest.raises(ModelFault, match=f"There is no device {wrong!r}; there are cpu and cuda"):
            usable(wrong)


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_every_device_says_the_same(three: Path, device: str) -> None:
    import torch

    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("no CUDA device that torch can use")
    found = hub.Hub(Lexicon(), [replacement(three, "sentiment", MAP, confidence=0.0)], device=device).score(TEXTS)
    own = np.exp(logits(three, TEXTS[0]))
    assert found.sentiment[0] == pytest.approx((own / own.sum())[::-1], abs=1e-4)


def test_check_names_the_checkpoint(three: Path, tmp_path: Path) -> None:
    write(tmp_path, STANZA.format(checkpoint=three, more=""))
    result = earshot("check", folder=tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    assert f"sentiment by {three}" in result.stdout and "✓ model: lexicon@1+sentiment-" in result.stdout


@pytest.mark.parametrize(
    ("environment", "why"),
    [({"HF_HUB_OFFLINE": "1"}, "this process is offline"), ({"HF_ENDPOINT": "http://127.0.0.1:9"}, "the hub cannot be reached")],
)
def test_without_a_network_one_sentence_says_what_to_do(tmp_path: Path, environment: dict[str, str], why: str) -> None:
    write(tmp_path, STANZA.format(checkpoint="some-org/some-model", more='revision = "v1.0"'))
    for command in ("check", "run"):
        result = earshot(command, folder=tmp_path, **environment)
        assert result.returncode != 0
        [said] = [row for row in (result.stdout + result.stderr).splitlines() if "some-org/some-model" in row]
        assert why in said and "hf download some-org/some-model --revision v1.0" in said
        assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("more", "checkpoint", "told"),
    [
        ("", "some-org/some-model", "needs the key 'revision', a commit or tag of some-org/some-model"),
        ('revision = "v1"', "./here", "is a folder, which has none"), ('revision = "v1"', "a b", "write org/name"),
        ('revison = "v1"', "a/b", "has no key 'revison'; did you mean 'revision'"), ('head = "mood"', "./here", "head = 'mood'"),
        ("confidence = 2", "./here", "confidence = 2"), ('kind = "pickle"', "./here", "."),
    ],
)
def test_a_wrong_stanza_names_the_key(tmp_path: Path, more: str, checkpoint: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read(write(tmp_path, STANZA.format(checkpoint=checkpoint, more=more)))


def test_a_name_that_is_no_head_needs_one_and_a_head_has_one_stanza(tmp_path: Path) -> None:
    named = STANZA.format(checkpoint="./here", more="").replace("models.sentiment", "models.mood")
    with pytest.raises(ConfigError, match=r"\[models.mood\] needs the key 'head', because mood is none of sentiment"):
        read(write(tmp_path, named))
    twice = STANZA.format(checkpoint="./here", more="") + named.replace('kind = "hub"', 'kind = "hub"\nhead = "sentiment"')
    with pytest.raises(ConfigError, match=r"\[models.mood\] replaces sentiment, which another stanza replaces already"):
        read(write(tmp_path, twice))


def test_a_typo_beside_the_stanzas_is_still_a_typo(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_text(CONFIG.replace("active", "activ"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"\[models\] has no key 'activ'; did you mean 'active'"):
        read(path)


def test_the_stage_says_it_as_a_model_error(three: Path, tmp_path: Path) -> None:
    settings = read(write(tmp_path, STANZA.format(checkpoint=three, more="").replace("LABEL_2", "LABEL_9")))
    with pytest.raises(ModelError, match="LABEL_9 is not known"):
        line.run(settings, now=AT, since=AT, model=None, progress=lambda stage, window: None)
