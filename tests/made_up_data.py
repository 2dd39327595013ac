"""A data folder in the shape of the real one, made up: a small Q&A site whose visitors each like one topic."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

TOPICS = {
    "grinding": ("burr", "blade", "coarse", "fine", "dust"),
    "milk": ("foam", "steam", "oat", "jug", "texture"),
    "beans": ("roast", "origin", "dark", "light", "storage"),
    "filters": ("paper", "metal", "cloth", "rinse", "drip"),
}
START = datetime(2020, 1, 1, tzinfo=UTC)


def write_coffee(folder: Path, posts: int = 160, visitors: int = 120, seed: int = 3) -> Path:
    """Write ``stackexchange_coffee`` into ``folder``: posts with a topic, and visitors who mostly keep to theirs."""
    random = Random(seed)
    where = folder / "stackexchange_coffee"
    where.mkdir(parents=True)
    topics = list(TOPICS)
    with gzip.open(where / "items.jsonl.gz", "wt", encoding="utf-8") as file:
        for number in range(posts):
            topic = topics[number % len(topics)]
            words = random.sample(TOPICS[topic], 3)
            created = (START + timedelta(days=number)).isoformat()
            title = f"How do I get {words[0]} right for {topic}?"
            body = f"I care about {words[1]} and {words[2]}; number {number}."
            row = {"item_id": str(number), "title": title, "body": body, "tags": [topic], "created": created}
            file.write(json.dumps(row) + "\n")
    rows = []
    for visitor in range(visitors):
        topic, count = random.randrange(len(topics)), random.choice((1, 2, 4, 9, 25))
        for _ in range(count):
            day = random.uniform(20, posts)
            fitting = [n for n in range(int(day)) if (n % len(topics) == topic) == (random.random() < 0.85)]
            chosen = random.choice(fitting[-30:])
            rows.append((f"v{visitor}", chosen, random.choice(("answer", "comment")), START + timedelta(days=day)))
    rows.sort(key=lambda row: row[3])
    with gzip.open(where / "interactions.csv.gz", "wt", encoding="utf-8") as file:
        file.write("user_id,item_id,event,timestamp\n")
        file.writelines(f"{user},{item},{event},{at.isoformat()}\n" for user, item, event, at in rows)
    return folder
