"""Retrieval: figures, held-out check, the encoder's start, padding, the export. `python3 -m unittest discover training`; the parts whose packages are missing are skipped."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import numpy

from retrieval_data import HeldOut, check_disjoint, shorten
from retrieval_metrics import Bm25, bm25_ranking, figures, fuse, spearman, top, vector_ranking

try:
    import torch
    from embed_model import BALLAST, Encoder, EncoderConfig, encode_rows, mean_pool, start_from_static
    from rerank_model import Reranker, start_from_embedding
except ImportError:
    torch = None
try:
    import onnxruntime
    from retrieval_export import export_embed, export_rerank
    from retrieval_prepare import train_tokenizer
except ImportError:
    onnxruntime = None

TEXTS = ["The red house stands on the hill.", "A volcano erupts and throws out lava.", "Bread is baked in an oven.", "The capital of France is Paris."]


class MetricsTest(unittest.TestCase):
    def test_bm25_finds_the_passage_that_has_the_rare_word(self):
        self.assertEqual([ranking[0] for ranking in bm25_ranking(Bm25(TEXTS), ["volcanoes", "baking bread", "capital"], 2)], [1, 2, 3])

    def test_the_figures_of_a_known_ranking(self):
        found = figures([numpy.array([5, 1, 2]), numpy.array([7])], [{1}, {7}])
        self.assertAlmostEqual(found["ndcg@10"], (1 / numpy.log2(3) + 1) / 2, places=4)
        self.assertEqual((found["recall@1"], found["recall@5"], found["mrr@10"]), (0.5, 1.0, 0.75))

    def test_fusion_prefers_what_both_lists_have(self):
        self.assertEqual(fuse([[numpy.array([1, 2, 3])], [numpy.array([4, 2, 5])]])[0][0], 2)

    def test_top_is_the_order_of_the_scores(self):
        self.assertEqual(list(top(numpy.array([0.1, 0.9, 0.5, 0.9]), 3)), [1, 3, 2])
        self.assertEqual(list(vector_ranking(numpy.eye(2, dtype="f4"), numpy.eye(2, dtype="f4"))[1]), [1, 0])

    def test_spearman_looks_at_order_alone_and_shares_ties(self):
        self.assertAlmostEqual(spearman([1, 2, 3, 4], [10, 100, 1000, 10000]), 1.0)
        self.assertAlmostEqual(spearman([1, 1, 2], [1, 1, 5]), 1.0)
        self.assertLess(spearman([1, 2, 3], [3, 2, 1]), -0.99)


class HeldOutTest(unittest.TestCase):
    def test_a_run_of_eight_words_is_found_whatever_its_case_and_signs(self):
        held_out = HeldOut(["one two three four five six seven eight nine", "What is it?"])
        self.assertTrue(held_out.overlaps("so: One, two; THREE four five six seven eight!"))
        self.assertTrue(held_out.overlaps("what IS it"))
        self.assertFalse(held_out.overlaps("one two three four five six seven or eight"))

    def test_the_check_refuses_an_overlapping_pair(self):
        held_out = HeldOut(["a b c d e f g h"])
        check_disjoint([("x", "y")], held_out)
        with self.assertRaises(AssertionError):
            check_disjoint([("x", "z a b c d e f g h")], held_out)

    def test_long_passages_are_cut_at_a_word(self):
        self.assertEqual(shorten("a b c d", 3), "a b c")


@unittest.skipUnless(torch, "PyTorch is missing")
class EncoderTest(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)
        self.encoder = Encoder(EncoderConfig(vocab_size=50, hidden_size=32, num_attention_heads=2, intermediate_size=48, max_position_embeddings=24)).eval()
        self.table = torch.randn(50, 32) * torch.rand(50, 1)
        self.table[:, -BALLAST:] = 0
        self.table -= self.table.sum(1, keepdim=True) / (32 - BALLAST)
        self.table[:, -BALLAST:] = 0

    def test_the_encoder_starts_as_the_static_table(self):
        start_from_static(self.encoder, self.table)
        ids = torch.tensor([[2, 7, 9, 3], [2, 30, 31, 3]])
        with torch.no_grad():
            mine, static = mean_pool(self.encoder(ids, torch.ones_like(ids)), torch.ones_like(ids)), self.table[ids].mean(1)
        self.assertGreater(torch.cosine_similarity(mine, static).min().item(), 0.99)

    def test_padding_changes_nothing_and_rows_come_back_in_order(self):
        for parameter in self.encoder.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
        rows = [numpy.array(row, numpy.uint16) for row in ([2, 5, 6, 7, 8, 9, 3], [2, 8, 3], [2, 10, 11, 3])]
        encode = lambda ids, mask: mean_pool(self.encoder(ids, mask), mask)
        with torch.no_grad():
            together, alone = encode_rows(rows, encode, 1000), torch.cat([encode_rows([row], encode) for row in rows])
        self.assertLess((together - alone).abs().max().item(), 1e-4)

    def test_the_names_and_numbers_are_those_of_bert(self):
        try:
            from transformers import BertConfig, BertModel
        except ImportError:
            self.skipTest("transformers is missing")
        for parameter in self.encoder.parameters():
            torch.nn.init.normal_(parameter, std=0.2)
        settings = self.encoder.config.as_bert("BertModel")
        other = BertModel(BertConfig(**{name: value for name, value in settings.items() if name not in ("architectures", "model_type", "torch_dtype")}), add_pooling_layer=False).eval()
        other.load_state_dict(self.encoder.state_dict(), strict=False)
        ids, mask = torch.tensor([[2, 7, 9, 3, 0], [2, 30, 31, 6, 3]]), torch.tensor([[1, 1, 1, 1, 0], [1] * 5])
        with torch.no_grad():
            difference = (self.encoder(ids, mask) - other(ids, attention_mask=mask).last_hidden_state) * mask[:, :, None]
        self.assertLess(difference.abs().max().item(), 1e-4)


@unittest.skipUnless(torch, "PyTorch is missing")
class RerankerTest(unittest.TestCase):
    def test_a_score_does_not_depend_on_its_neighbours_and_the_words_of_the_question_are_found(self):
        from rerank import join
        torch.manual_seed(1)
        model = Reranker(60, 16).eval()
        start_from_embedding(model, torch.randn(60, 16), torch.rand(60) + 0.5)
        question, long, short = numpy.array([10, 11]), numpy.arange(20, 55), numpy.array([10, 11, 12])
        with torch.no_grad():
            together = model(*join([(question, long), (question, short)]))
            alone = torch.cat([model(*join([(question, long)])), model(*join([(question, short)]))])
        self.assertEqual(tuple(together.shape), (2, 1))
        self.assertLess((together - alone).abs().max().item(), 1e-4)


@unittest.skipUnless(torch and onnxruntime, "PyTorch, ONNX Runtime or tokenizers are missing")
class ExportTest(unittest.TestCase):
    def test_every_export_computes_what_the_checkpoint_computes(self):
        torch.manual_seed(2)
        tokenizer = train_tokenizer(TEXTS * 6, 120)
        size = tokenizer.get_vocab_size()
        encoder = Encoder(EncoderConfig(vocab_size=size, hidden_size=32, num_attention_heads=2, intermediate_size=64, max_position_embeddings=64)).eval()
        for parameter in encoder.parameters():
            torch.nn.init.normal_(parameter, std=0.3)
        model = Reranker(size, 16).eval()
        encoded = [tokenizer.encode("the capital", text) for text in TEXTS[2:4]]
        longest = max(len(one.ids) for one in encoded)
        inputs = {name: numpy.array([list(getattr(one, part)) + [0] * (longest - len(one.ids)) for one in encoded])
                  for name, part in (("input_ids", "ids"), ("attention_mask", "attention_mask"), ("token_type_ids", "type_ids"))}
        tensors = [torch.from_numpy(value) for value in inputs.values()]
        with tempfile.TemporaryDirectory() as folder, torch.no_grad():
            export_embed(encoder, tokenizer, os.path.join(folder, "e"), (32, 16))
            export_rerank(model, tokenizer, os.path.join(folder, "r"))
            for path, wanted, tolerance in (("e/onnx/model.onnx", encoder(*tensors), 1e-4), ("e/onnx/model_fp16.onnx", encoder(*tensors), 0.02), ("e/onnx/model_int8.onnx", encoder(*tensors), 0.5),
                                            ("r/onnx/model.onnx", model(*tensors), 1e-4), ("r/onnx/model_int8.onnx", model(*tensors), 0.1)):
                found = onnxruntime.InferenceSession(os.path.join(folder, path)).run(None, inputs)[0]
                real = inputs["attention_mask"][:, :, None] if path[0] == "e" else 1
                self.assertLess(float(numpy.abs((found - wanted.numpy()) * real).max()), tolerance, path)
            with open(os.path.join(folder, "e", "starter-embed-q8_0.gguf"), "rb") as file:
                self.assertEqual(file.read(4), b"GGUF")


if __name__ == "__main__":
    unittest.main()
