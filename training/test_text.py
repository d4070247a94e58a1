"""Tokenizer, dialogues and chat format on tiny inputs. `python3 -m unittest discover training`"""
import os
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import own_dialogues
from chat_format import CHAT_TEMPLATE, pieces, render
from passage_examples import UNANSWERABLE, Passage, cloze_question, lookup_example, make_example, passage_around, passage_prompt
from text_sources import clean, is_held_out
from tokenizer import SPECIAL_TOKENS, Tokenizer, count_pre_tokens, pre_token_pattern, train_merges

TEXT = ["the cat sat on the mat", "the cat's hat isn't the mat's", "a cat and a hat, 1234 cats"] * 5


def tiny_tokenizer():
    return Tokenizer(train_merges(count_pre_tokens(TEXT), 30))


class TokenizerTest(unittest.TestCase):
    def test_pre_tokens_follow_gpt_2(self):
        self.assertEqual(pre_token_pattern().findall("I'll say  3 words.\n\nOk"), ["I", "'ll", " say", " ", " 3", " words", ".", "\n", "\n", "Ok"])

    def test_text_comes_back_unchanged(self):
        tokenizer = tiny_tokenizer()
        for text in ["the cat", "naïve 日本 😀\t\n  x", "", "'s 't <b>"]:
            self.assertEqual(tokenizer.decode(tokenizer.encode(text)), text)

    def test_frequent_words_become_one_token(self):
        self.assertEqual(len(tiny_tokenizer().encode(" cat")), 1)

    def test_the_most_frequent_pair_is_merged_first(self):
        self.assertEqual(train_merges({"ab": 5, "abc": 3, "bc": 4}, 1), [("a", "b")])

    def test_special_tokens_are_single_ids_only_when_asked(self):
        tokenizer = tiny_tokenizer()
        self.assertEqual(tokenizer.encode("<|im_end|>"), [tokenizer.ids["<|im_end|>"]])
        self.assertGreater(len(tokenizer.encode_ordinary("<|im_end|>")), 1)

    def test_saving_keeps_every_id(self):
        tokenizer = tiny_tokenizer()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "tokenizer.json")
            tokenizer.save(path)
            self.assertEqual(Tokenizer.load(path).tokens, tokenizer.tokens)
        self.assertEqual(tokenizer.tokens[tokenizer.first_special:][:len(SPECIAL_TOKENS)], SPECIAL_TOKENS)


class DialogueTest(unittest.TestCase):
    def test_dialogues_alternate_and_end_with_the_assistant(self):
        generator = random.Random(1)
        for _ in range(500):
            messages = own_dialogues.dialogue(generator, "about 6 million")
            roles = [role for role, _ in messages if role != "system"]
            self.assertTrue(all(role in ("user", "tool") for role in roles[0::2]), roles)
            self.assertTrue(all(role == "assistant" for role in roles[1::2]), roles)
            self.assertEqual(len(roles) % 2, 0)
            self.assertTrue(all(text.strip() for _, text in messages))

    def test_the_same_seed_gives_the_same_dialogues(self):
        first, second = ([own_dialogues.dialogue(generator, "x") for _ in range(20)] for generator in (random.Random(2), random.Random(2)))
        self.assertEqual(first, second)

    def test_only_the_assistant_is_spoken(self):
        spoken = [text for text, is_spoken in pieces([("system", "S"), ("user", "U"), ("assistant", "A")]) if is_spoken]
        self.assertEqual(spoken, ["A<|im_end|>"])

    def test_the_template_renders_what_training_saw(self):
        try:
            import jinja2
        except ImportError:
            self.skipTest("jinja2 is not installed")
        messages = [("system", "S"), ("user", "U"), ("assistant", "A"), ("tool", "T"), ("assistant", "B"), ("user", "V")]
        rendered = jinja2.Environment().from_string(CHAT_TEMPLATE).render(
            messages=[{"role": role, "content": text} for role, text in messages], add_generation_prompt=True)
        self.assertEqual(rendered, render(messages, add_generation_prompt=True))

    def test_tool_calls_render_as_in_training(self):
        try:
            import jinja2
        except ImportError:
            self.skipTest("jinja2 is not installed")
        call = {"function": {"name": "add", "arguments": '{"a": 1}'}}
        rendered = jinja2.Environment().from_string(CHAT_TEMPLATE).render(
            messages=[{"role": "user", "content": "U"}, {"role": "assistant", "content": None, "tool_calls": [call]}], tools=[])
        self.assertIn('<|im_start|>assistant\n<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call><|im_end|>\n', rendered)


class PassageTest(unittest.TestCase):
    CONTEXT = "It rains in May. The bridge was built in 1932 by Ruth. It is long. The book of 1932 is red."

    def test_the_span_is_taken_from_the_sentence_that_fits_the_question(self):
        for seed in range(20):
            passage = passage_around(random.Random(seed), "T", self.CONTEXT, "1932", "When was the bridge built?", 9)
            self.assertTrue(passage.text[:passage.source].endswith("The bridge was built in "), passage)
            self.assertTrue(passage.text[passage.source:].startswith("1932"))

    def test_an_answer_that_is_only_part_of_a_word_is_no_span(self):
        self.assertIsNone(passage_around(random.Random(1), "T", self.CONTEXT, "193", "When?", 9))

    def test_the_prompt_says_where_each_passage_and_number_stands(self):
        for form in ("question-first", "question-last"):
            text, starts, markers = passage_prompt([Passage("A", "one", None), Passage("", "two", None)], "Which?", form)
            self.assertEqual([text[start:start + 3] for start in starts], ["one", "two"])
            self.assertEqual([text[marker:marker + 3] for marker in markers], ["[1]", "[2]"])

    def test_made_up_facts_are_answered_by_their_own_passage(self):
        generator, seen = random.Random(4), set()
        for _ in range(300):
            example = lookup_example(generator, ["lamp", "stone", "green", "paper", "cloud", "seven"])
            prompt, said = example.messages[-2][1], example.messages[-1][1]
            seen.add(example.answer is None)
            if example.answer is None:
                self.assertEqual(said, UNANSWERABLE)
            else:
                self.assertTrue(prompt[example.source:].startswith(example.answer))
                self.assertTrue(said.startswith(f"Answer: {example.answer}"))
                if example.marker is not None:
                    self.assertEqual(prompt[example.marker:example.marker + 3], said[-3:])
        self.assertEqual(seen, {True, False})

    def test_a_question_made_of_a_sentence_asks_for_the_span(self):
        sentence = "Ruth built the bridge in 1932 with care."
        question = cloze_question(random.Random(2), sentence, sentence.index("1932"), sentence.index("1932") + 4, "which year")
        self.assertIn("which year", question)
        self.assertNotIn("1932", question)

    def test_a_copied_token_points_at_the_same_token_in_the_passage(self):
        try:
            from prepare_passages import encode_example
        except ImportError:
            self.skipTest("numpy is not installed")
        tokenizer, passage = tiny_tokenizer(), Passage("Cats", "The cat sat on the mat for 12 days.", len("The cat sat on "))
        other = Passage("Hats", "A hat.", None)
        for seed in range(30):
            example = make_example(random.Random(seed), [other, passage], passage, "Where did it sit?", "the mat")
            ids, spoken, source = encode_example(tokenizer, example)
            copied = [number for number, place in enumerate(source) if place >= 0]
            self.assertEqual(tokenizer.decode([ids[number] for number in copied]), " the mat2")
            self.assertTrue(all(ids[number] == ids[source[number]] and spoken[number] for number in copied))
        example = make_example(random.Random(1), [other], None, "Where did it sit?", "the mat")
        self.assertEqual(set(encode_example(tokenizer, example)[2]), {-1})

    def test_cleaning_straightens_quotes(self):
        self.assertEqual(clean(" \u201cit\u2019s\u201d\u00a0ok "), '"it\'s" ok')

    def test_about_one_document_in_a_hundred_is_held_out(self):
        self.assertTrue(50 < sum(is_held_out(f"document {number}") for number in range(10_000)) < 150)


if __name__ == "__main__":
    unittest.main()
