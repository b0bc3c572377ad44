"""A folder laid out like the labelled sets that training reads, with a few texts of our own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def write_sets(folder: Path) -> Path:
    """Write every set into `folder` and return it."""
    good, bad, plain = "what a lovely flight number", "what a terrible delay number", "the gate is number"
    kinds = ((good, "positive"), (bad, "negative"), (plain, "neutral"))
    texts = [(f"{text} {i} of {i * 7}", label) for i in range(12) for text, label in kinds]

    def write(name: str, rows: list[dict[str, Any]]) -> None:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")

    feelings = {"positive": "joy", "negative": "anger", "neutral": "sadness"}
    for part, chosen in (("train", texts[:24]), ("val", texts[24:])):
        write(f"tweeteval/sentiment_{part}.jsonl", [{"text": t, "label": s} for t, s in chosen])
        write(f"tweeteval/emotion_{part}.jsonl", [{"text": f"i feel {t}", "label": feelings[s]} for t, s in chosen])
        irony, rude = {"negative": "irony"}, {"negative": "offensive"}
        write(f"tweeteval/irony_{part}.jsonl", [{"text": f"oh {t}", "label": irony.get(s, "non_irony")} for t, s in chosen])
        rows = [{"text": f"hey {t}", "label": rude.get(s, "not-offensive")} for t, s in chosen]
        write(f"tweeteval/offensive_{part}.jsonl", rows)
    write("intents/train.jsonl", [{"text": f"dear {t}", "labels": ["complaint"] if s == "negative" else []} for t, s in texts])
    write("intents/complaints_train.jsonl", [{"text": f"so {t}", "complaint": int(s == "negative")} for t, s in texts])
    write("intents/churn_chat.jsonl", [{"text": f"bye {t}", "churn": int(s == "negative")} for t, s in texts])
    write("topics/train.jsonl", [{"text": f"about {t}", "label": s, "topic": "x"} for t, s in texts])
    means = {"positive": 2.5, "negative": -2.5, "neutral": 0.1}
    write("intensity/tweets.jsonl", [{"text": f"wow {t}", "mean": means[s]} for t, s in texts])
    turns = [{"text": f"about {t}", "is_agent": False} for t, _ in texts[:6]]
    write("streams/ibm_conversations.jsonl", [{"id": "1", "company": "x", "turns": turns}])
    return folder
