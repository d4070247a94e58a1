"""Turns the open data sets of DATA/sft into dialogues, lists of (role, text). Held-out files are never opened here."""
import os
import re

from own_dialogues import choose, with_system
from text_sources import clean, read_json_lines


def dolly_dialogues(data, generator):
    for record in read_json_lines(os.path.join(data, "sft/dolly-15k-partial.jsonl.gz")):
        question, answer = clean(record["instruction"]), clean(record["response"])
        if 2 <= len(answer.split()) <= 70 and len(question.split()) <= 60:
            yield with_system(generator, [("user", question), ("assistant", answer)])


def glossary_dialogues(data, generator):
    for record in read_json_lines(os.path.join(data, "sft/openstax-glossary.jsonl.gz")):
        term, definition = clean(record["term"]), clean(record["definition"])
        if not 3 <= len(definition.split()) <= 40 or len(term.split()) > 4:
            continue
        question = choose(generator, ["What is {}?", "What does {} mean?", "Define {}.", "Explain {}.", "What do you mean by {}?", "Give a definition of {}."]).format(term)
        answer = f"{term[0].upper() + term[1:]} means {definition[0].lower() + definition[1:] if definition[1:2].islower() else definition}"
        yield with_system(generator, [("user", question), ("assistant", answer.rstrip(".;,") + ".")])


def topical_dialogues(data, generator):
    """Two to six turns out of a conversation between people."""
    for record in read_json_lines(os.path.join(data, "sft/topical-chat.jsonl.gz")):
        turns = [clean(turn) for turn in record["turns"]]
        for start in range(0, len(turns) - 1, 4):
            part = turns[start:start + generator.choice([2, 4, 4, 6])]
            part = part[:len(part) // 2 * 2]
            if part and all(0 < len(turn.split()) < 60 for turn in part):
                yield with_system(generator, [("user" if number % 2 == 0 else "assistant", turn) for number, turn in enumerate(part)], 0.3)


def trivia_dialogues(data, generator):
    for record in read_json_lines(os.path.join(data, "sft/opentriviaqa.jsonl.gz")):
        question, answer = clean(record["question"]), clean(record["answer"])
        if question.endswith("?") and question.startswith(("What", "Who", "Where", "Which", "When", "How many")) and 1 <= len(answer.split()) <= 5 \
                and not re.search(r"\b(these|following|not)\b|Which one", question):
            yield with_system(generator, [("user", question), ("assistant", answer.rstrip(".") + ".")])


def seed_dialogues(data, generator):
    for record in read_json_lines(os.path.join(data, "sft/self-instruct-seed.jsonl.gz")):
        question = "\n".join(part for part in (clean(record["instruction"]), clean(record["input"])) if part)
        answer = clean(record["response"])
        if answer and len(answer.split()) <= 80 and len(question.split()) <= 100:
            yield with_system(generator, [("user", question), ("assistant", answer)])


# maker -> the most dialogues taken from it. How many own dialogues is an argument of prepare_chat.py.
DATA_SETS = {dolly_dialogues: 6_000, glossary_dialogues: 9_000, topical_dialogues: 6_000, trivia_dialogues: 5_000, seed_dialogues: 427}
