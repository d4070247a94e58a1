"""Examples of answering from given passages: real questions (SQuAD, QAMR), questions made of prose, and look-up drills.

The answer is a span of a passage, said as `Answer: SPAN [2]`, with the number of its passage; without a passage that answers, `I don't know from these pages.`
"Answer:" stands before the span so that its first word has a space before it, as in the passage: the same tokens, which is what a small model can copy.
Every example knows where its span stands in the prompt, so that training can show the model where to look.
"""
import os
import re
from collections import defaultdict, namedtuple

from text_sources import SOURCES, clean, documents, is_held_out, read_json_lines

PASSAGE_SYSTEM = ["Answer the question from the passages.", "Answer the question from the passages.", "Answer the question from the passages.", "Answer using only the passages.",
                  "Use the passages to answer. If the answer is not there, say that you do not know."]
UNANSWERABLE = "I don't know from these pages."
LEAD = "Answer:"
SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z\"'(])")
WORD = re.compile(r"[A-Za-z0-9]+")
MOST_ANSWER_WORDS = 14

# source: where the span starts in the last message; marker: where the "[" of its passage's number stands there. None = nothing is copied.
Example = namedtuple("Example", "messages answer source marker")
# text: the passage; source: where the span starts in it.
Passage = namedtuple("Passage", "title text source")


def passage_prompt(passages, question, form="question-first"):
    """-> text, where each passage's text starts, where its number stands. The first form is what Galley's chatbot sends: a model that
    reads from left to right finds an answer more easily when it knows the question while it reads."""
    if form == "plain":
        text = passages[0].text
        return f"{text}\n\nQuestion: {question}", [0], [None]
    text, starts, markers = f"Question: {question}" if form == "question-first" else "", [], []
    for number, passage in enumerate(passages, 1):
        text += "\n\n" if text else ""
        markers.append(len(text))
        text += f"[{number}] {passage.title}: " if passage.title else f"[{number}] "
        starts.append(len(text))
        text += passage.text
    return text if form == "question-first" else f"{text}\n\nQuestion: {question}", starts, markers


def make_example(generator, passages, gold, question, answer, system_share=0.5):
    """gold: the Passage among `passages` that holds the answer, or None."""
    draw = generator.random()
    form = "plain" if draw < 0.06 and len(passages) == 1 else "question-last" if draw < 0.2 else "question-first"
    text, starts, markers = passage_prompt(passages, question, form)
    messages = [("system", generator.choice(PASSAGE_SYSTEM))] if generator.random() < system_share else []
    messages.append(("user", text))
    if gold is None:
        return Example(messages + [("assistant", UNANSWERABLE)], None, None, None)
    at = passages.index(gold)
    said = f"{LEAD} {answer}" + (f" [{at + 1}]" if markers[at] is not None else "")
    return Example(messages + [("assistant", said)], answer, starts[at] + gold.source, markers[at])


def words_of(text):
    return {word.lower() for word in WORD.findall(text)}


def find_span(text, span):
    """Where the span stands as whole words with a space before it, or None."""
    found = re.search(r"(?<= )" + re.escape(span) + r"(?![A-Za-z0-9])", text)
    return found.start() if found else None


def passage_around(generator, title, context, answer, question, most_words):
    """Sentences around the one that holds the answer (of several, the one most like the question) -> Passage or None."""
    sentences = SENTENCE_END.split(context)
    holding = [number for number, sentence in enumerate(sentences) if find_span(" " + sentence, answer) is not None]
    if not holding:
        return None
    asked = words_of(question)
    first = last = at = max(holding, key=lambda number: len(asked & words_of(sentences[number])))
    while len(" ".join(sentences[first:last + 1]).split()) < most_words and (first > 0 or last < len(sentences) - 1):
        wider = (first - 1, last) if first > 0 and (generator.random() < 0.5 or last == len(sentences) - 1) else (first, last + 1)
        if len(" ".join(sentences[wider[0]:wider[1] + 1]).split()) > most_words * 1.3:
            break
        first, last = wider
    # The added space lets a span at the very start of a sentence count.
    source = sum(len(sentence) + 1 for sentence in sentences[first:at]) + find_span(" " + sentences[at], answer) - 1
    return Passage(title, " ".join(sentences[first:last + 1]), source)


def some_sentences(generator, title, context, most_words):
    sentences = SENTENCE_END.split(context)
    first = generator.randrange(len(sentences))
    kept = []
    for sentence in sentences[first:]:
        if kept and len(" ".join(kept).split()) + len(sentence.split()) > most_words:
            break
        kept.append(sentence)
    return Passage(title, " ".join(" ".join(kept).split(" ")[:2 * most_words]), None)


def squad_records(data, held_out=False):
    records = [(clean(record["title"]), clean(record["context"]), record["qas"]) for record in read_json_lines(os.path.join(data, "qa/squad-train-v1.1.jsonl.gz"))]
    return [record for record in records if is_held_out(record[1]) == held_out]  # the held-out passages measure progress and bits per byte


def distractors(generator, records, by_title, title, context, answer, count, most_words):
    """Passages without the answer, half of them from the same article."""
    found = []
    for _ in range(8 * count):
        other = generator.choice(by_title[title]) if generator.random() < 0.5 else generator.choice(records)
        if len(found) == count:
            break
        if other[1] != context and answer.lower() not in other[1].lower():
            passage = some_sentences(generator, other[0], other[1], most_words)
            if passage.text not in [one.text for one in found]:
                found.append(passage)
    return found


def squad_examples(data, generator, word_limits, passage_counts, unknown_share, held_out=False):
    records, everything = squad_records(data, held_out), squad_records(data)
    by_title = defaultdict(list)
    for record in everything:
        by_title[record[0]].append(record)
    questions = [(title, context, entry) for title, context, qas in records for entry in qas]
    generator.shuffle(questions)
    for title, context, entry in questions:
        question, answer = clean(entry["question"]), clean(entry["answers"][0]).rstrip(".,;:")
        if not answer or len(question.split()) < 3 or len(answer.split()) > MOST_ANSWER_WORDS:
            continue
        count, most_words = generator.choice(passage_counts), generator.choice(word_limits)
        gold = passage_around(generator, title, context, answer, question, most_words)
        if gold is None:
            continue
        is_unknown = generator.random() < unknown_share
        others = distractors(generator, everything, by_title, title, context, answer, count if is_unknown else count - 1, most_words)
        passages = others if is_unknown else others + [gold]
        generator.shuffle(passages)
        if generator.random() < 0.25:
            passages = [passage._replace(title="") for passage in passages]
            gold = gold._replace(title="")
        if passages:
            yield make_example(generator, passages, None if is_unknown else gold, question, answer)


def qamr_examples(data, generator):
    for record in read_json_lines(os.path.join(data, "qa/qamr-wiki.jsonl.gz")):
        context = clean(record["context"])
        for entry in record["qas"]:
            question, answer = clean(entry["question"]), clean(entry["answers"][0]).rstrip(".,;:")
            place = find_span(" " + context, answer) if answer else None
            if place is not None and len(answer.split()) <= MOST_ANSWER_WORDS:
                gold = Passage("", context, place - 1)
                yield make_example(generator, [gold], gold, question, answer, 0.3)


# Spans that a question can ask for, and what stands in the question in their place.
ASKABLE = [
    (re.compile(r"(?<=\b[Ii]n )(?:1\d{3}|20[01]\d)\b(?! [a-z])"), ["which year", "what year"]),
    (re.compile(r"(?<= )\d[\d,.]*\d?(?= [a-z]{3})"), ["how many"]),
    (re.compile(r"(?<=\bby )[A-Z][a-z]+(?: [A-Z][a-z]+){0,3}"), ["whom", "who", "what"]),
    (re.compile(r"(?<=\b(?:in|at) )(?:the )?[A-Z][a-z]+(?: [A-Z][a-z]+){0,2}"), ["which place", "what place", "where"]),
    (re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?: (?:of |de |the )?[A-Z][a-z]+){0,3}"), ["what", "who", "what name"]),
    (re.compile(r"(?<=\bthe )[a-z]{4,}(?: [a-z]{4,})?(?= of )"), ["what"]),
    (re.compile(r"(?<=\bcalled )[A-Za-z][\w-]+(?: [A-Z][\w-]+)?"), ["what"]),
]


def cloze_question(generator, sentence, start, end, ask):
    """The words around the span, with a question word in its place: "Ruth built the bridge in which year?" Some words are left out."""
    before, after = sentence[:start].split(), sentence[end:].split()
    before, after = before[-generator.randrange(3, 11):], after[:generator.randrange(0, 9)]
    if generator.random() < 0.6:
        before = [word for number, word in enumerate(before) if number == len(before) - 1 or generator.random() < 0.82]
        after = [word for word in after if generator.random() < 0.82]
    text = " ".join(before + [ask] + after).strip(" ,;:.()\"")
    return (text[0].upper() + text[1:]).rstrip(".") + "?"


def cloze_examples(data, generator, most, forbidden_titles):
    """Questions made of prose, with 1 or 2 passages; a fifth of them with passages that don't hold the answer."""
    previous = Passage("", "Nothing is written here.", None)
    for name in ("enwiki-leads", "wikipedia-schools", "wikinews", "openstax"):
        taken = 0
        for document in documents(data, name):
            if is_held_out(document):
                continue
            title = document.split("\n")[0].lstrip("# ") if document.startswith("# ") else ""
            if title in forbidden_titles or len(title) > 50:
                continue
            paragraphs = [part for part in document.split("\n\n")[1:] if len(part.split()) > 12 and not part.startswith("#")]
            for paragraph in generator.sample(paragraphs, min(4, len(paragraphs))):
                sentences = SENTENCE_END.split(" ".join(paragraph.split()))
                sentence = generator.choice(sentences)
                if not 7 <= len(sentence.split()) <= 45:
                    continue
                spans = [(found, asks) for pattern, asks in ASKABLE for found in pattern.finditer(sentence) if len(found.group().split()) <= 6]
                if not spans:
                    continue
                found, asks = generator.choice(spans)
                answer = found.group().rstrip(".,")
                gold = passage_around(generator, title, " ".join(sentences), answer, sentence, generator.choice([12, 25, 45]))
                if gold is None:
                    continue
                question = cloze_question(generator, sentence, found.start(), found.end(), generator.choice(asks))
                if len(question.split()) < 5:
                    continue
                draw = generator.random()
                other, previous = previous, gold._replace(source=None)
                if answer.lower() in other.text.lower():
                    continue
                passages = [other] if draw < 0.15 else [gold] if draw < 0.6 else [gold, other] if draw < 0.8 else [other, gold]
                yield make_example(generator, passages, None if draw < 0.15 else gold, question, answer)
                taken += 1
            if taken >= most // 4:
                break


RELATIONS = ["colour", "password", "size", "birthplace", "friend", "number", "owner", "capital", "price", "river", "teacher", "favourite food", "job", "city", "length", "name", "leader", "language", "age", "code", "founder", "address"]
STATEMENTS = ["The {relation} of {subject} is {value}.", "The {relation} of {subject} was {value}.", "For {subject} the {relation} is {value}.", "{subject} has the {relation} {value}.", "It is known that the {relation} of {subject} is {value}."]
LOOK_UPS = ["What is the {relation} of {subject}?", "What was the {relation} of {subject}?", "Which {relation} does {subject} have?", "Tell me the {relation} of {subject}.", "{relation} of {subject}?"]


def lookup_example(generator, words):
    """Made-up facts: the answer depends on two words of the question at once. `words` are plain words of the vocabulary."""
    def name():
        return " ".join(word.capitalize() for word in generator.sample(words, generator.choice([1, 1, 2])))

    def value():
        draw = generator.random()
        return str(generator.randrange(2, 3000)) if draw < 0.25 else name() if draw < 0.5 else " ".join(generator.sample(words, generator.choice([1, 1, 2, 3])))
    subjects, relations = [name() for _ in range(generator.randrange(1, 4))], generator.sample(RELATIONS, generator.randrange(1, 4))
    facts = [(subject, relation, value()) for subject in dict.fromkeys(subjects) for relation in relations]
    generator.shuffle(facts)
    facts = facts[:generator.choice([2, 3, 4, 6, 8])]
    asked = facts.pop() if len(facts) > 2 and generator.random() < 0.2 else None
    is_unknown = asked is not None
    asked = asked or generator.choice(facts)
    question = generator.choice(LOOK_UPS).format(subject=asked[0], relation=asked[1])
    question = question[0].upper() + question[1:]
    passages, gold = [], None
    for number, (subject, relation, fact_value) in enumerate(facts):
        statement = generator.choice(STATEMENTS).format(subject=subject, relation=relation, value="\0")
        text, source = statement.replace("\0", fact_value), statement.index("\0")
        is_gold = not is_unknown and (subject, relation, fact_value) == asked
        if passages and generator.random() < 0.6:
            last = passages.pop()
            joined = Passage(last.title, f"{last.text} {text}", len(last.text) + 1 + source if is_gold else last.source)
            gold = joined if is_gold or last is gold else gold
            passages.append(joined)
        else:
            passages.append(Passage("", text, source if is_gold else None))
            gold = passages[-1] if is_gold else gold
    return make_example(generator, passages, gold, question, asked[2], 0.2)


def sentence_examples(data, generator, most):
    """Longer copying: "What is TERM?" over glossary entries, and "Which sentence mentions X?" over prose."""
    entries = [(clean(record["term"]), clean(record["definition"])) for record in read_json_lines(os.path.join(data, "sft/openstax-glossary.jsonl.gz"))]
    entries = [(term, definition) for term, definition in entries if 3 <= len(definition.split()) <= 18 and len(term.split()) <= 4]
    for _ in range(most // 2):
        chosen = generator.sample(entries, generator.choice([1, 1, 2, 3]))
        passages = [Passage("", f"{term[0].upper() + term[1:]} means {definition}", len(term) + len(" means ")) for term, definition in chosen]
        is_unknown = len(chosen) > 1 and generator.random() < 0.2
        (term, definition), gold = chosen[-1], passages[-1]
        passages = passages[:-1] if is_unknown else passages
        generator.shuffle(passages)
        question = generator.choice(["What is {}?", "What does {} mean?", "Define {}.", "What is meant by {}?"]).format(term)
        yield make_example(generator, passages, None if is_unknown else gold, question, definition)
    records = squad_records(data)
    for _ in range(most // 2):
        title, context, _ = generator.choice(records)
        sentences = [sentence for sentence in SENTENCE_END.split(context)]
        at = generator.randrange(len(sentences))
        names = re.findall(r"(?<=[a-z] )[A-Z][a-z]+(?: [A-Z][a-z]+)*|\b[a-z]{8,}\b", sentences[at])
        if names and 4 <= len(sentences[at].split()) <= 18 and context.count(sentences[at]) == 1:
            kept = sentences[max(0, at - generator.randrange(3)):at + 1 + generator.randrange(3)]
            text = " ".join(kept)
            gold = Passage(title, text, text.index(sentences[at]))
            question = generator.choice(["Which sentence mentions {}?", "What is said about {}?", "What does the text say about {}?"]).format(generator.choice(names))
            yield make_example(generator, [gold], gold, question, sentences[at])


def development_titles(data):
    """Articles of the measured questions: no question is made of them."""
    return {clean(record["title"]) for record in read_json_lines(os.path.join(data, "qa/squad-dev-v1.1.jsonl.gz"))}
