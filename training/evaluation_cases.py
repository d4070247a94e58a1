"""What a chat model is asked: SQuAD's development part with passages, and fixed chat prompts. No weights here: `answer_to` is given.

answer_to([(role, text)], max_tokens) -> what the model says, greedily, without the end mark.
"""
import os
import random
import re
import string
import time
from collections import Counter

from passage_examples import LEAD, UNANSWERABLE, Passage, find_span, passage_prompt, some_sentences
from text_sources import clean, read_json_lines

CHAT_PROMPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "eval", "chat-prompts.jsonl")


def normalised(answer):
    """SQuAD's own normalisation: lower case, no punctuation, no articles."""
    answer = "".join(character for character in answer.lower() if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", answer).split()


def overlap_f1(answer, gold):
    answer, gold = normalised(answer), normalised(gold)
    same = sum((Counter(answer) & Counter(gold)).values())
    return 2 * same / (len(answer) + len(gold)) if same else 0.0


def span_of(said):
    """What the model says -> (the span alone, the passage that it names or None)."""
    cited = re.search(r"\s*\[(\d)\]\.?$", said)
    return (said[:cited.start()] if cited else said).removeprefix(LEAD).strip(), int(cited.group(1)) if cited else None


def squad_case(answer_to, questions, form, passages_of, seconds):
    """passages_of(generator, question) -> passages, the gold one among them or None. Stops when the time is over, and says how many it asked."""
    generator, started = random.Random(17), time.time()
    asked = exact = f1 = in_passage = refused = cited = 0
    gold = None
    for title, context, entry in questions:
        if asked >= 10 and time.time() - started > seconds:
            break
        passages, gold = passages_of(generator, (title, context, entry))
        text, _, _ = passage_prompt(passages, clean(entry["question"]), form)
        said = answer_to([("system", "Answer the question from the passages."), ("user", text)], 40)
        answer, number = span_of(said)
        asked, refused = asked + 1, refused + (said == UNANSWERABLE)
        in_passage += any(find_span(" " + passage.text, answer) is not None for passage in passages)
        if gold is not None and said != UNANSWERABLE:
            exact += max(normalised(answer) == normalised(clean(one)) for one in entry["answers"])
            f1 += max(overlap_f1(answer, clean(one)) for one in entry["answers"])
            cited += number == passages.index(gold) + 1
    share = {name: round(100 * count / max(1, asked), 1) for name, count in {"exact_match": exact, "f1": f1, "names_the_right_passage": cited, "copied_from_a_passage": in_passage, "says_unknown": refused}.items()}
    return {"questions": asked, **(share if gold is not None else {"says_unknown": share["says_unknown"]})}


def squad_figures(answer_to, data, most, seconds):
    records = [(clean(record["title"]), clean(record["context"]), record["qas"]) for record in read_json_lines(os.path.join(data, "qa/squad-dev-v1.1.jsonl.gz"))]
    questions = random.Random(17).sample([(title, context, entry) for title, context, qas in records for entry in qas], most)

    def others(generator, question, count, same_article):
        """Passages of about 70 words that do not hold the answer."""
        title, context, entry = question
        found, tries = [], 0
        while len(found) < count:
            # An answer like "a" stands in every passage of its article: then another article's has to do.
            tries += 1
            same_article = same_article and tries < 50
            if tries > 200:
                break
            other = generator.choice([record for record in records if record[0] == title] if same_article else records)
            if other[1] != context and (same_article or other[0] != title or tries >= 50) and not any(clean(one).lower() in other[1].lower() for one in entry["answers"]):
                found.append(some_sentences(generator, other[0], other[1], 70))
        return found

    def gold_alone(generator, question):
        gold = Passage(question[0], question[1], None)
        return [gold], gold

    def among_three(generator, question):
        gold = Passage(question[0], question[1], None)
        passages = [gold] + others(generator, question, 1, True) + others(generator, question, 1, False)
        generator.shuffle(passages)
        return passages, gold

    cases = {
        "whole paragraph": ("question-first", gold_alone, 0.3),
        "whole paragraph, question after it": ("question-last", gold_alone, 0.15),
        "whole paragraph among three passages": ("question-first", among_three, 0.3),
        "three passages without the answer, other articles": ("question-first", lambda generator, question: (others(generator, question, 3, False), None), 0.13),
        "three passages without the answer, same article": ("question-first", lambda generator, question: (others(generator, question, 3, True), None), 0.12),
    }
    return {name: squad_case(answer_to, questions, form, passages_of, seconds * share) for name, (form, passages_of, share) in cases.items()}


def chat_page(answer_to, prompts, title, made_by):
    lines = [f"# {title}", "", "Greedy decoding, unedited, in the order of `training/eval/chat-prompts.jsonl`. Made by `" + made_by + "`.", ""]
    for number, record in enumerate(read_json_lines(prompts), 1):
        messages = [(message["role"], message["content"]) for message in record["messages"]]
        answer = answer_to(messages, 120)
        lines += [f"## {number}", ""] + [f"**{role}:** {text}".replace("\n", "  \n") + "\n" for role, text in messages]
        lines += ["**Starter Chat:** " + answer.replace("\n", "  \n"), ""]
    return "\n".join(lines)
