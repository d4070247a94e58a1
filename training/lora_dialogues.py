"""The dialogues that the adapters learn, and those held out; no weights here."""
import json
import os
import random

import own_dialogues
from text_sources import clean, read_json_lines

KINDS = {"small talk": own_dialogues.small_talk, "about me": own_dialogues.identity, "about Galley": own_dialogues.galley, "fact": own_dialogues.everyday_fact, "capital": own_dialogues.capital,
         "list": own_dialogues.make_list, "unknown": own_dialogues.refusal, "too hard": own_dialogues.too_hard, "poem": own_dialogues.poem}


def json_dialogues(data):
    """-> training, held-out dialogues: a question is in one of the two only."""
    generator, split, seen = random.Random(23), ([], []), {}
    for _ in range(14_000):
        kind = generator.choice(sorted(KINDS))
        question, answer = KINDS[kind](generator, "about 7 million")
        is_held_out = seen.setdefault(question.lower().rstrip(".?! "), generator.random() < 0.08)
        text = json.dumps({"kind": kind, "answer": answer}, ensure_ascii=False)
        split[is_held_out].append(own_dialogues.with_system(generator, [("user", question), ("assistant", text)], 0.3))
    return split[0], split[1][:400]


# Of OpenTriviaQA's categories those that say what a question is about, unlike "newest" or "general".
CATEGORIES = {"animals", "celebrities", "geography", "history", "hobbies", "literature", "movies", "music", "religion-faith", "science-technology", "sports", "television", "video-games"}


def category_dialogues(data):
    """-> training, held-out dialogues: a question is in one of the two only, whatever its capitals and punctuation."""
    generator, split, seen = random.Random(29), ([], []), {}
    for record in read_json_lines(os.path.join(data, "sft/opentriviaqa.jsonl.gz")):
        question = clean(record["question"])
        if record["category"] not in CATEGORIES or not 15 <= len(question) <= 300:
            continue
        key = "".join(letter for letter in question.lower() if letter.isalnum())
        is_held_out = seen.setdefault(key, generator.random() < 0.05)
        split[is_held_out].append([("user", question), ("assistant", record["category"])])
    for part in split:
        generator.shuffle(part)
    return split


DIALOGUES = {"json": json_dialogues, "category": category_dialogues}
