"""Turns the open data sets of DATA/qa and DATA/sft into dialogues, lists of (role, text). Held-out files are never opened here."""
import os
import re

from own_dialogues import choose, with_system
from text_sources import clean, is_held_out, read_json_lines

PASSAGE_SYSTEM = ["Answer the question from the passages.", "Answer using only the context.", "Use the passages to answer. If the answer is not there, say that you do not know.",
                  "You are a helpful assistant. Answer from the given context.", "Answer the question based on the context below."]
UNANSWERABLE = "I don't know based on the provided context."
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(])")


def sentence_with(context, answer):
    for sentence in SENTENCE_END.split(context):
        if answer in sentence:
            return sentence.strip()
    return None


def shorten(generator, context, answer, max_words):
    """Some neighbouring sentences around the one that holds the answer, so that most prompts are short."""
    sentences = SENTENCE_END.split(context)
    at = next((number for number, sentence in enumerate(sentences) if answer in sentence), None)
    if at is None:
        return context
    first = last = at
    while True:
        first, last = (max(0, first - 1), last) if generator.random() < 0.5 else (first, min(len(sentences) - 1, last + 1))
        words = len(" ".join(sentences[first:last + 1]).split())
        if words > max_words or (first == 0 and last == len(sentences) - 1):
            return " ".join(sentences[first:last + 1])


def passage_prompt(generator, passages, question, plain):
    """passages: [(title, text)]. The numbered form is what Galley's chatbot sends; the plain ones are what people type."""
    if plain:
        text = passages[0][1]
        return generator.choice([f"{text}\n\n{question}", f"Context: {text}\n\nQuestion: {question}", f"{text}\nQuestion: {question}", f"Read this: {text}\n\n{question}"])
    listed = "\n\n".join(f"[{number}] {title}: {text}" for number, (title, text) in enumerate(passages, 1))
    return f"{listed}\n\nQuestion: {question}"


def passage_dialogues(data, generator):
    """SQuAD's training part: short context, question, and the span, its sentence, or the span with its citation."""
    records = [(clean(record["title"]), clean(record["context"]), record["qas"]) for record in read_json_lines(os.path.join(data, "qa/squad-train-v1.1.jsonl.gz"))]
    records = [record for record in records if not is_held_out(record[1])]  # their passages measure bits per byte
    for title, context, questions in records:
        for entry in questions:
            question, answer = clean(entry["question"]), clean(entry["answers"][0])
            if not question or not answer or answer not in context or len(answer.split()) > 12:
                continue
            short = shorten(generator, context, answer, generator.choice([15, 30, 60, 120]))
            gold, plain, draw = (title, short), generator.random() < 0.4, generator.random()
            other_title, other_context, _ = choose(generator, records)
            other = (other_title, " ".join(SENTENCE_END.split(other_context)[:2]))
            passages = [gold]
            if draw < 0.12 and other_title != title:  # the question's passage is missing
                passages, reply = [other], UNANSWERABLE
            else:
                if not plain and generator.random() < 0.4:
                    passages = [gold, other] if generator.random() < 0.5 else [other, gold]
                style, sentence = generator.random(), sentence_with(short, answer)
                reply = answer
                if not plain and style < 0.25:
                    reply = f"{answer} [{passages.index(gold) + 1}]"
                elif style < 0.4 and sentence and len(sentence.split()) < 35:
                    reply = sentence
            turns = [("user", passage_prompt(generator, passages, question, plain)), ("assistant", reply)]
            draw = generator.random()
            yield [("system", choose(generator, PASSAGE_SYSTEM))] + turns if draw < 0.5 else with_system(generator, turns, 0.4)


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


# maker -> the most dialogues taken from it. How many passages and own dialogues is an argument of prepare_chat.py.
DATA_SETS = {dolly_dialogues: 6_000, glossary_dialogues: 9_000, topical_dialogues: 6_000, trivia_dialogues: 5_000, seed_dialogues: 427}
