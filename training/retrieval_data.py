"""Text pairs for the retrieval models: questions with passages, headings with paragraphs, sentences with the paragraph they were taken from, definitions, paraphrases.

Held out: SQuAD dev, SciFact and the sentence pairs under eval/. `HeldOut` drops every training text that shares a run of words with them, and `check_disjoint` proves it on what is written.

A pair file holds token ids: question and passage of pair i are `ids[starts[2 * i]:starts[2 * i + 1]]` and `ids[starts[2 * i + 1]:starts[2 * i + 2]]`.
Pairs of one document stand together (`groups`), so that a batch of neighbours has passages that are hard to tell apart. `passages` numbers equal passages equally.
"""
import os
import random
import re

import numpy

from text_sources import clean, read_json_lines

RUN_OF_WORDS = 8  # that a training text may not share with a held-out one
LONGEST_PASSAGE_WORDS = 140
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])")
WORD = re.compile(r"[a-z0-9]+")

PROSE = {
    "wikipedia-schools": "lm/wikipedia-schools-2007.jsonl.xz",
    "enwiki-leads": "lm/enwiki-2015-leads.jsonl.xz",
    "openstax": "lm/openstax.jsonl.xz",
    "docs-and-gov": "lm/docs-and-gov.jsonl.xz",
    "wikinews": "lm/wikinews-en.jsonl.xz",
}
SQUAD_HELD_OUT_ARTICLES = 22  # of SQuAD train: to choose checkpoints and rates, so that SQuAD dev stays unseen until the end


def words_of(text):
    return WORD.findall(text.lower())


def squad_paragraphs(data, part):
    for record in read_json_lines(os.path.join(data, f"qa/squad-{part}-v1.1.jsonl.gz")):
        yield clean(record["title"]), clean(record["context"]), [clean(question["question"]) for question in record["qas"]]


def scifact_documents(data):
    for record in read_json_lines(os.path.join(data, "eval/scifact/corpus.jsonl.gz")):
        yield record["_id"], clean(f"{record['title']} {record['text']}")


def scifact_queries(data):
    for record in read_json_lines(os.path.join(data, "eval/scifact/queries.jsonl.gz")):
        yield record["_id"], clean(record["text"])


def sentence_pairs(data):
    for record in read_json_lines(os.path.join(data, "eval/stsb-ccbysa-subset.jsonl.gz")):
        yield clean(record["a"]), clean(record["b"]), record["score"], record["split"]


def held_out_texts(data):
    for _, context, questions in squad_paragraphs(data, "dev"):
        yield context
        yield from questions
    for _, text in scifact_documents(data):
        yield text
    for _, text in scifact_queries(data):
        yield text
    for first, second, _, _ in sentence_pairs(data):
        yield first
        yield second


class HeldOut:
    """Knows every run of RUN_OF_WORDS words of the held-out texts, and the shorter texts as a whole."""

    def __init__(self, texts):
        self.runs, self.whole = set(), set()
        for text in texts:
            words = words_of(text)
            self.whole.add(" ".join(words))
            self.runs.update(" ".join(words[at:at + RUN_OF_WORDS]) for at in range(len(words) - RUN_OF_WORDS + 1))

    def overlaps(self, text):
        words = words_of(text)
        if len(words) < RUN_OF_WORDS or len(words) <= 40:
            if " ".join(words) in self.whole:
                return True
        return any(" ".join(words[at:at + RUN_OF_WORDS]) in self.runs for at in range(len(words) - RUN_OF_WORDS + 1))


def check_disjoint(pairs, held_out):
    for question, passage in pairs:
        for text in (question, passage):
            if held_out.overlaps(text):
                raise AssertionError(f"held-out text in the training data: {text[:200]!r}")


def shorten(text, words=LONGEST_PASSAGE_WORDS):
    parts = text.split()
    return text if len(parts) <= words else " ".join(parts[:words])


def sections(title, text):
    """-> (heading or title, paragraph, is the first paragraph of its section) of one document."""
    heading, is_first = title, True
    for paragraph in text.split("\n"):
        paragraph = paragraph.strip()
        if paragraph.startswith("#"):
            heading, is_first = paragraph.lstrip("# ").strip(), True
        elif len(paragraph) >= 120 and not paragraph.startswith(("|", "^", "```", "- ")):
            yield heading, paragraph, is_first
            is_first = False


def prose_pairs(data, name, generator):
    """Three kinds: heading -> its first paragraph; a sentence -> the paragraph without it; a paragraph's first half -> its second."""
    for record in read_json_lines(os.path.join(data, PROSE[name])):
        title, text = clean(record.get("title") or ""), clean(record["text"])
        number = 0
        for heading, paragraph, is_first in sections(title, text):
            number += 1
            if number > 14:
                break
            sentences = [one for one in SENTENCE_END.split(paragraph) if len(one) > 20]
            kind = generator.random()
            if is_first and heading and kind < 0.5:
                question = title if heading == title or not title else f"{title}: {heading}" if kind < 0.35 else heading
                yield question, shorten(paragraph), title
            elif len(sentences) >= 2 and kind < 0.92:
                at = generator.randrange(len(sentences))
                rest = " ".join(sentences[:at] + sentences[at + 1:])
                if len(rest) > 60:
                    # A sentence is made a little more like a search: some of its words only.
                    question = sentences[at]
                    parts = question.split()
                    if kind < 0.6 and len(parts) > 8:
                        length = generator.randrange(4, min(13, len(parts)))
                        start = generator.randrange(len(parts) - length)
                        question = " ".join(parts[start:start + length])
                    # Now and then the sentence stays, as the words of a question stand in its passage.
                    yield shorten(question, 60), shorten(paragraph if kind < 0.45 else rest), title


def squad_pairs(data, articles):
    """articles: "train" or "check"."""
    titles = list(dict.fromkeys(title for title, _, _ in squad_paragraphs(data, "train")))
    check = set(random.Random(5).sample(titles, min(SQUAD_HELD_OUT_ARTICLES, len(titles) // 4)))
    for title, context, questions in squad_paragraphs(data, "train"):
        if (title in check) == (articles == "check"):
            for question in questions:
                yield question, context, title


def medquad_pairs(data):
    for record in read_json_lines(os.path.join(data, "qa/medquad.jsonl.gz")):
        if len(record["answer"]) > 40:
            yield clean(record["question"]), shorten(clean(record["answer"])), record["focus"]


def qamr_pairs(data):
    for record in read_json_lines(os.path.join(data, "qa/qamr-wiki.jsonl.gz")):
        for question in record["qas"]:
            yield clean(question["question"]), clean(record["context"]), record["context"][:60]


def definition_pairs(data):
    for record in read_json_lines(os.path.join(data, "pairs/oewn-definitions.jsonl.gz")):
        if len(record["definition"]) > 15:
            yield ", ".join(record["lemmas"][:3]), clean(record["definition"]), record["lemmas"][0][:2].lower()
    for record in read_json_lines(os.path.join(data, "sft/openstax-glossary.jsonl.gz")):
        yield clean(record["term"]), clean(record["definition"]), record["book"]


def paraphrase_pairs(data):
    for record in read_json_lines(os.path.join(data, "pairs/onestop-sentence-pairs.jsonl.gz")):
        yield clean(record["a"]), clean(record["b"]), record["a"][:40]
    for record in read_json_lines(os.path.join(data, "pairs/oewn-definitions.jsonl.gz")):
        examples = [example for example in record.get("examples") or [] if len(example.split()) > 4]
        if examples:
            yield clean(examples[0]), clean(record["definition"]), record["lemmas"][0]


def instruction_pairs(data):
    for record in read_json_lines(os.path.join(data, "sft/dolly-15k-partial.jsonl.gz")):
        if len(record["response"]) > 40:
            yield shorten(clean(record["instruction"]), 60), shorten(clean(record["response"])), record["instruction"][:40]
    for record in read_json_lines(os.path.join(data, "pairs/tldr-commands.jsonl.gz")):
        for example in record["examples"][:3]:
            yield clean(example["task"]), f"{record['command']}: {clean(record['description'])} {example['code']}", record["command"]
    for record in read_json_lines(os.path.join(data, "sft/opentriviaqa.jsonl.gz")):
        if len(record["answer"]) > 12:
            yield clean(record["question"]), clean(record["answer"]), record["category"]


def all_pairs(data, name):
    if name in PROSE:
        return prose_pairs(data, name, random.Random(3))
    return {
        "squad": lambda: squad_pairs(data, "train"),
        "squad-check": lambda: squad_pairs(data, "check"),
        "medquad": lambda: medquad_pairs(data),
        "qamr": lambda: qamr_pairs(data),
        "definitions": lambda: definition_pairs(data),
        "paraphrases": lambda: paraphrase_pairs(data),
        "instructions": lambda: instruction_pairs(data),
    }[name]()


SOURCE_NAMES = ["squad", "squad-check", "medquad", "qamr", "definitions", "paraphrases", "instructions", *PROSE]


def training_pairs(data, name, held_out):
    """-> [(question, passage, group)] without any that overlaps the held-out texts, and how many were dropped."""
    kept, dropped, known = [], 0, {}
    for question, passage, group in all_pairs(data, name):
        if not question or not passage:
            continue
        if passage not in known:
            known[passage] = held_out.overlaps(passage)
        if known[passage] or held_out.overlaps(question):
            dropped += 1
        else:
            kept.append((question, passage, group))
    return kept, dropped


def save_pairs(path, pairs, tokenizer, longest):
    """Each part is cut to `longest` tokens with [CLS] and [SEP]."""
    numbers, groups = {}, {}
    passages = numpy.array([numbers.setdefault(passage, len(numbers)) for _, passage, _ in pairs], numpy.int32)
    group_ids = numpy.array([groups.setdefault(group, len(groups)) for _, _, group in pairs], numpy.int32)
    tokenizer.enable_truncation(longest)
    tokenizer.no_padding()
    ids, lengths = [], []
    for first in range(0, len(pairs), 4096):
        texts = [text for question, passage, _ in pairs[first:first + 4096] for text in (question, passage)]
        encoded = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
        lengths += [len(one) for one in encoded]
        ids.append(numpy.concatenate([numpy.array(one, numpy.uint16) for one in encoded]))
    starts = numpy.cumsum([0] + lengths, dtype=numpy.int64)
    numpy.savez(path, ids=numpy.concatenate(ids), starts=starts, passages=passages, groups=group_ids)


class Pairs:
    """The pairs of one source, read back."""

    def __init__(self, path):
        with numpy.load(path) as arrays:
            self.ids, self.starts, self.passages, self.groups = (arrays[name] for name in ("ids", "starts", "passages", "groups"))
        order = numpy.argsort(self.groups, kind="stable")
        bounds = numpy.flatnonzero(numpy.diff(self.groups[order])) + 1
        self.by_group = numpy.split(order, bounds)

    def __len__(self):
        return len(self.passages)

    def question(self, number):
        return self.ids[self.starts[2 * number]:self.starts[2 * number + 1]]

    def passage(self, number):
        return self.ids[self.starts[2 * number + 1]:self.starts[2 * number + 2]]

    def draw(self, generator, size):
        """Whole groups in random order until there are `size` pairs; no passage twice."""
        chosen, seen = [], set()
        for _ in range(50 * size):
            group = self.by_group[generator.integers(len(self.by_group))]
            for number in generator.permutation(group):
                if self.passages[number] not in seen:
                    seen.add(self.passages[number])
                    chosen.append(number)
                if len(chosen) == size:
                    return numpy.array(chosen)
        return numpy.array(chosen)
