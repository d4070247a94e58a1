"""The measured tasks: questions, documents, which document answers which question."""
import os

from retrieval_data import all_pairs, scifact_documents, scifact_queries, squad_paragraphs


def squad_task(data, most=None):
    """SQuAD dev: every question against every paragraph."""
    documents, questions, relevant = [], [], []
    for _, context, asked in squad_paragraphs(data, "dev"):
        questions += asked
        relevant += [{len(documents)}] * len(asked)
        documents.append(context)
    step = max(1, len(questions) // most) if most else 1
    return questions[::step], documents, relevant[::step]


def check_task(data, most=None):
    """The articles of SQuAD train that are kept from training, to choose between models."""
    numbers, questions, relevant = {}, [], []
    for question, passage, _ in all_pairs(data, "squad-check"):
        questions.append(question)
        relevant.append({numbers.setdefault(passage, len(numbers))})
    step = max(1, len(questions) // most) if most else 1
    return questions[::step], list(numbers), relevant[::step]


def scifact_task(data):
    names, documents = zip(*scifact_documents(data))
    numbers = {name: number for number, name in enumerate(names)}
    wanted = {}
    with open(os.path.join(data, "eval/scifact/qrels-test.tsv")) as file:
        for line in list(file)[1:]:
            question, document, score = line.split("\t")
            if int(score) > 0:
                wanted.setdefault(question, set()).add(numbers[document])
    questions = [(text, wanted[name]) for name, text in scifact_queries(data) if name in wanted]
    return [text for text, _ in questions], list(documents), [documents for _, documents in questions]
