"""Schedule, model, loss and GGUF on tiny inputs; skipped where PyTorch is missing."""
import json
import os
import struct
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from schedule import DeadlineBudget, TimeBudget, rate_factor, staged

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

    def test_progress_reaches_its_end_at_the_deadline_with_and_without_a_pause(self):
        for pause in (0.0, 40.0):
            budget, now = DeadlineBudget(), 0.0
            while now < 100:
                seconds = 1.0 + (pause if now == 30 else 0.0)
                now += seconds
                before = budget.progress
                budget.add_step(seconds, 100 - now)
                self.assertLess(budget.progress - before, 0.1 if now < 90 else 1)
            self.assertEqual(budget.progress, 1.0)

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

    def test_a_grown_model_computes_the_same(self):
        from grow import grow
        larger, _ = grow(self.model.state_dict(), self.model.config, layers=4, kv_heads=4)
        ids = torch.randint(0, 288, (1, 12))
        self.assertTrue(torch.allclose(larger(ids), self.model(ids), atol=1e-5))

    def test_the_pointer_loss_is_low_where_a_head_looks_at_the_source(self):
        from train_passages import forward, pointer_loss
        from grow import grow
        model, _ = grow(self.model.state_dict(), self.model.config, layers=2, kv_heads=4)
        ids, source = torch.randint(0, 288, (1, 6)), torch.tensor([[-1, -1, -1, -1, -1, 2]])
        seen = forward(model, ids)[1]
        with torch.no_grad():
            block, size = model.blocks[-2], model.config.head_size
            block.query.weight.zero_()
            uniform = float(pointer_loss(model, seen, source))
        self.assertAlmostEqual(uniform, float(torch.tensor(6.0).log()), places=4)  # six tokens may be looked at
        self.assertEqual(float(pointer_loss(model, seen, torch.full((1, 6), -1))), 0.0)

    def test_every_example_is_drawn_once_an_epoch(self):
        from train_passages import Examples
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "tokens"))
            lengths = [3 + number % 7 for number in range(40)]
            starts = numpy.cumsum([0] + lengths)
            numpy.savez(os.path.join(folder, "tokens", "x.npz"), ids=numpy.repeat(numpy.arange(40), lengths).astype(numpy.uint16), spoken=numpy.ones(starts[-1], numpy.uint8),
                        source=numpy.full(starts[-1], -1, numpy.int16), starts=starts)
            seen = []
            for rank in range(2):
                examples = Examples(folder, "x", 32, 1, rank, 2)
                examples.draw(0)
                for count in range(len(examples.parts)):
                    ids, targets, _ = examples.draw(count)
                    self.assertLessEqual(ids.size, 32)
                    seen += ids[:, 0].tolist()
        self.assertEqual(sorted(seen), list(range(40)))

    def test_random_tokens_are_copied_from_their_first_time(self):
        from train_passages import copy_rows
        ids, targets, source = copy_rows(numpy.random.default_rng(1), 400, 8192)
        row, at = numpy.nonzero(source >= 0)
        self.assertTrue(len(row) > 20 and (ids[row, source[row, at]] == targets[row, at]).all() and (source[row, at] < at).all())

    def test_an_adapter_starts_as_nothing_and_is_written_as_peft_reads_it(self):
        from lora import add_adapter, to_half_rotated, write_adapter
        ids = torch.randint(0, 288, (1, 8))
        before = self.model(ids)
        added = add_adapter(self.model, ["query", "down"], rank=2, alpha=4)
        self.assertTrue(torch.equal(self.model(ids), before))
        self.assertEqual(sorted({name.split(".")[-1] for name, weight in self.model.named_parameters() if weight.requires_grad}), ["a", "b"])
        with tempfile.TemporaryDirectory() as folder:
            write_adapter(folder, added, self.model.config, 2, 4)
            with open(os.path.join(folder, "adapter_model.safetensors"), "rb") as file:
                data = file.read()
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        one = header["base_model.model.model.layers.1.mlp.down_proj.lora_A.weight"]
        self.assertEqual((one["shape"], len(header)), ([2, 96], 1 + 2 * 2 * 2))
        self.assertEqual(len(data), 8 + size + max(entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"))
        rows = torch.arange(16.0).view(16, 1)  # two heads of 8
        self.assertEqual(to_half_rotated(rows, 2)[:8, 0].tolist(), [0, 2, 4, 6, 1, 3, 5, 7])

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
