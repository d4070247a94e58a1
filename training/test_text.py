"""Tokenizer, dialogues and chat format on tiny inputs. `python3 -m unittest discover training`"""
import os
import random
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import own_dialogues
from chat_examples import sentence_with, shorten
from chat_format import CHAT_TEMPLATE, pieces, render
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
    CONTEXT = "It rains in May. The bridge was built in 1932 by Ruth. It is long. It is red."

    def test_the_sentence_that_holds_the_answer_is_found(self):
        self.assertEqual(sentence_with(self.CONTEXT, "1932"), "The bridge was built in 1932 by Ruth.")

    def test_a_shortened_passage_still_holds_the_answer(self):
        for seed in range(20):
            self.assertIn("1932", shorten(random.Random(seed), self.CONTEXT, "1932", 8))

    def test_cleaning_straightens_quotes(self):
        self.assertEqual(clean(" \u201cit\u2019s\u201d\u00a0ok "), '"it\'s" ok')

    def test_about_one_document_in_a_hundred_is_held_out(self):
        self.assertTrue(50 < sum(is_held_out(f"document {number}") for number in range(10_000)) < 150)


if __name__ == "__main__":
    unittest.main()
