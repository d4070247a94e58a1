"""Schedule, model, loss and GGUF on tiny inputs; skipped where PyTorch is missing."""
import os
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from schedule import TimeBudget, rate_factor, staged

try:
    import numpy
    import torch
except ImportError:
    torch = None


class ScheduleTest(unittest.TestCase):
    def test_a_pause_counts_as_a_few_steps(self):
        budget = TimeBudget(minutes=1)
        for seconds in [1.0] * 10 + [3600.0]:
            budget.add_step(seconds)
        self.assertEqual(budget.accumulated, 14.0)

    def test_the_rate_warms_up_holds_and_decays_to_zero(self):
        self.assertLess(rate_factor(0.001), 0.1)
        self.assertEqual(rate_factor(0.4), 1.0)
        self.assertEqual(rate_factor(1.0), 0.0)

    def test_stages_switch_at_their_ends(self):
        self.assertEqual([staged(progress, [(0.5, "a"), (1.0, "b")]) for progress in (0.0, 0.5, 1.0)], ["a", "b", "b"])


@unittest.skipIf(torch is None, "PyTorch is not installed")
class ModelTest(unittest.TestCase):
    def setUp(self):
        from model import ModelConfig, StarterModel
        torch.manual_seed(0)
        torch.set_num_threads(1)
        self.model = StarterModel(ModelConfig(vocabulary=288, width=64, layers=2, heads=4, kv_heads=2, feed_forward=96, context=32))
        for block in self.model.blocks:  # away from the identity that a fresh model is
            torch.nn.init.normal_(block.output.weight, std=0.1)
            torch.nn.init.normal_(block.down.weight, std=0.1)

    def test_the_future_does_not_change_the_past(self):
        ids = torch.randint(0, 288, (1, 12))
        changed = ids.clone()
        changed[0, -1] = (changed[0, -1] + 1) % 288
        self.assertTrue(torch.allclose(self.model(ids)[0, :-1], self.model(changed)[0, :-1], atol=1e-6))

    def test_generation_with_past_equals_the_whole_pass(self):
        from model import Past
        ids, pasts = torch.randint(0, 288, (1, 10)), [Past() for _ in self.model.blocks]
        parts = [self.model(part, pasts) for part in (ids[:, :6], ids[:, 6:7], ids[:, 7:])]
        self.assertTrue(torch.allclose(torch.cat(parts, 1), self.model(ids), atol=1e-5))

    def test_the_chunked_loss_equals_cross_entropy_and_its_gradients(self):
        from model import loss_of
        targets = torch.randint(0, 288, (10,))
        targets[3] = -1
        results = []
        for is_chunked in (True, False):
            hidden = torch.randn(10, 64, generator=torch.Generator().manual_seed(1)).requires_grad_()
            embedding = self.model.embedding.weight.detach().clone().requires_grad_()
            loss = loss_of(hidden, embedding, targets, chunk=4) if is_chunked else \
                torch.nn.functional.cross_entropy(hidden @ embedding.t(), targets, ignore_index=-1)
            loss.backward()
            results.append((loss.detach(), hidden.grad, embedding.grad))
        for chunked, plain in zip(*results):
            self.assertTrue(torch.allclose(chunked, plain, atol=1e-6))

    def test_a_few_steps_lower_the_loss(self):
        from model import loss_of
        from optimizer import create_optimizers
        ids, optimizers, losses = torch.randint(0, 288, (2, 17)), create_optimizers(self.model), []
        for _ in range(8):
            loss = loss_of(self.model(ids[:, :-1]), self.model.embedding.weight, ids[:, 1:])
            loss.backward()
            losses.append(float(loss.detach()))
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
        self.assertLess(losses[-1], losses[0] - 0.5)

    def test_muon_makes_updates_nearly_orthogonal(self):
        from optimizer import orthogonalise
        values = torch.linalg.svdvals(orthogonalise(torch.randn(24, 40)))
        self.assertTrue(0.5 < float(values.min()) and float(values.max()) < 1.4)

    def test_q8_0_is_close_and_has_llama_cpps_layout(self):
        from gguf_writer import dequantise_q8_0, quantise_q8_0
        matrix = numpy.random.default_rng(0).normal(size=(3, 64)).astype(numpy.float32)
        packed = quantise_q8_0(matrix)
        self.assertEqual(packed.shape, (3, 2 * 34))
        self.assertLess(numpy.abs(dequantise_q8_0(packed, 64) - matrix).max(), numpy.abs(matrix).max() / 200)

    def test_an_exported_file_names_every_tensor_and_key(self):
        from export import export
        from tokenizer import SPECIAL_TOKENS, Tokenizer
        tokenizer = Tokenizer([], reserved=288 - 256 - len(SPECIAL_TOKENS))
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("tuned.pt", "tokenizer.json", "model.gguf")]
            torch.save({"model": self.model.state_dict(), "config": self.model.config.to_dict()}, paths[0])
            tokenizer.save(paths[1])
            export(*paths, "Q8_0")
            with open(paths[2], "rb") as file:
                data = file.read()
        self.assertEqual(struct.unpack("<4sIQ", data[:16]), (b"GGUF", 3, 2 * 9 + 2))
        for name in (b"token_embd.weight", b"blk.1.attn_q.weight", b"output_norm.weight", b"llama.context_length", b"tokenizer.chat_template"):
            self.assertIn(name, data)


if __name__ == "__main__":
    unittest.main()
