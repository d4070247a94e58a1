"""The third stage: answering from given passages, beside the dialogues. Starts from the tuned checkpoint, made a little larger.

A model of this size learns by itself neither to copy nor to look the right place up, so training helps in three ways:
drills of copying and looking up come first; rows hold one example each, short ones first, and only the answer counts;
and two attention heads of one layer are taught directly where the next word of an answer stands in the prompt ("pointer loss").

Ends at a time of day (--deadline, or the file WORK/deadline, which may be changed while it runs), then exports and evaluates.
"""
import argparse
import os
import subprocess
import sys
import time
from datetime import datetime, timedelta

import numpy
import torch
import torch.distributed as distributed
import torch.nn.functional as functional

from batches import ProseStream
from export import export
from grow import load_grown
from model import ModelConfig, StarterModel, rotate
from optimizer import create_optimizers
from prepare_passages import prepare_passages
from schedule import DeadlineBudget, rate_factor, staged
from train import average_gradients, held_out_loss, save_checkpoint

# Share of the parts of a batch that each kind gets: [(end of progress, {kind: share})].
MIX = [
    (0.06, {"copy": 0.50, "lookup": 0.20, "cloze": 0.10, "squad-short": 0.10, "chat": 0.10}),
    (0.16, {"copy": 0.10, "lookup": 0.30, "cloze": 0.20, "squad-short": 0.25, "chat": 0.10, "prose": 0.05}),
    (0.60, {"copy": 0.02, "lookup": 0.08, "cloze": 0.19, "squad-short": 0.43, "qamr": 0.06, "sentence": 0.04, "chat": 0.11, "prose": 0.07}),
    (1.00, {"lookup": 0.04, "cloze": 0.10, "squad-short": 0.32, "squad-long": 0.27, "qamr": 0.03, "sentence": 0.04, "chat": 0.14, "prose": 0.06}),
]
# What a token that the model must say weighs: so that a part of a batch weighs about the same whatever its kind.
WEIGHTS = {"copy": 0.1, "prose": 0.06, "chat": 0.25, "sentence": 0.4}
POINTER_HEADS = (0, 2)  # of the last layer but one; the last layer can still use what they fetch


class Examples:
    """The examples of one kind, in parts of about equal length; every example is drawn once before any is drawn again."""

    def __init__(self, work, kind, tokens, seed, rank, processes):
        with numpy.load(os.path.join(work, "tokens", f"{kind}.npz")) as arrays:
            self.ids, self.spoken, self.source, self.starts = (arrays[name] for name in ("ids", "spoken", "source", "starts"))
        self.tokens, self.seed, self.rank, self.processes = tokens, seed, rank, processes
        self.epoch, self.parts = -1, []

    def parts_of_epoch(self, epoch):
        generator, lengths = numpy.random.default_rng((self.seed, epoch)), numpy.diff(self.starts)
        # Noise on the length: the neighbours of an example differ from epoch to epoch.
        order, parts, part, longest = numpy.argsort(lengths + generator.uniform(0, 8, len(lengths))), [], [], 0
        for number in order:
            longest = max(longest, lengths[number])
            if part and longest * (len(part) + 1) > self.tokens:
                parts.append(part)
                part, longest = [], lengths[number]
            part.append(number)
        parts.append(part)
        generator.shuffle(parts)
        return parts[self.rank::self.processes]

    def draw(self, count):
        """The count-th part -> ids, targets, source: [rows, tokens]; -1 in targets has no loss, -1 in source has no pointer."""
        if self.epoch < 0:
            self.size = len(self.parts_of_epoch(0))
        epoch = count // self.size
        if epoch != self.epoch:
            self.epoch, self.parts = epoch, self.parts_of_epoch(epoch)
        return self.rows(self.parts[count % self.size % len(self.parts)])

    def rows(self, numbers):
        length = int(max(self.starts[number + 1] - self.starts[number] for number in numbers))
        ids, targets, source = (numpy.full((len(numbers), length), fill, numpy.int64) for fill in (0, -1, -1))
        for row, number in enumerate(numbers):
            part = slice(self.starts[number], self.starts[number + 1])
            size = part.stop - part.start
            ids[row, :size] = self.ids[part]
            targets[row, :size] = numpy.where(self.spoken[part] > 0, self.ids[part].astype(numpy.int64), -1)
            source[row, :size] = self.source[part]
        return ids[:, :-1], targets[:, 1:], source[:, 1:]


def copy_rows(generator, tokens, vocabulary):
    """Random tokens twice: nothing but copying predicts the second time."""
    length = int(generator.integers(12, 60))
    once = generator.integers(256, vocabulary - 16, (max(1, tokens // (2 * length)), length))
    between = generator.integers(0, 20)
    gap = generator.integers(256, vocabulary - 16, (len(once), between))
    ids = numpy.concatenate([once, gap, once], 1)
    targets, source = numpy.full_like(ids, -1), numpy.full_like(ids, -1)
    # The first repeated token can't be foreseen.
    second = length + between + 1
    targets[:, second:], source[:, second:] = ids[:, second:], numpy.arange(1, length)
    return ids[:, :-1], targets[:, 1:], source[:, 1:]


def prose_rows(generator, prose, tokens, window=256):
    ids, _ = prose.draw(generator, max(1, tokens // window), window)
    return ids[:, :-1], ids[:, 1:], numpy.full_like(ids[:, 1:], -1)


def forward(model, ids):
    """-> hidden states, and what goes into the pointer layer."""
    x, seen = model.embedding(ids), None
    angles = model.angles[:ids.shape[1]]
    for number, block in enumerate(model.blocks):
        seen = x if number == len(model.blocks) - 2 else seen
        x = block(x, angles)
    return model.final_norm(x), seen


def pointer_loss(model, x, source):
    """Sum of -log(attention) that each pointer head gives to the place each token is copied from."""
    row, at = (source >= 0).nonzero(as_tuple=True)
    if not len(row):
        return x.new_zeros(())
    block, size, angles = model.blocks[-2], model.config.head_size, model.angles
    normed, total = block.attention_norm(x), 0.0
    future = torch.arange(x.shape[1])[None, :] > at[:, None]
    for head in POINTER_HEADS:
        part = slice(head * size, (head + 1) * size)
        query = rotate((normed[row, at] @ block.query.weight[part].t())[None, :, None, :], angles[at])[0, :, 0]
        key = rotate((normed @ block.key.weight[part].t())[:, :, None, :], angles[:x.shape[1]])[:, :, 0]
        scores = torch.einsum("ns,nts->nt", query, key[row]) * size ** -0.5
        total = total + functional.cross_entropy(scores.masked_fill(future, float("-inf")), source[row, at], reduction="sum")
    return total / len(POINTER_HEADS)


def losses_of(model, batch):
    """-> summed loss of the tokens to say, how many, summed pointer loss, how many have one."""
    ids, targets, source = (torch.from_numpy(numpy.ascontiguousarray(part)) for part in batch)
    hidden, seen = forward(model, ids)
    said = targets >= 0
    loss = functional.cross_entropy(model.logits(hidden[said]), targets[said], reduction="sum")
    return loss, int(said.sum()), pointer_loss(model, seen, source), int((source >= 0).sum())


@torch.no_grad()
def check(model, examples, most):
    """Share of examples whose every token is the most likely one (what greedy decoding would say): answered, and recognised as unanswerable."""
    right, asked = [0, 0], [0, 0]
    for number in range(min(most, len(examples.starts) - 1)):
        ids, targets, source = (torch.from_numpy(part) for part in examples.rows([number]))
        said = targets >= 0
        kind = int(not (source >= 0).any())
        right[kind] += int((model.logits(forward(model, ids)[0][said]).argmax(-1) == targets[said]).all())
        asked[kind] += 1
    return " ".join(f"{name} {100 * right[kind] / max(1, asked[kind]):.1f} %" for kind, name in enumerate(("answers", "unknown")))


def seconds_left(work, deadline):
    """The file is read again and again: the end of a running training can be moved."""
    path = os.path.join(work, "deadline")
    if os.path.exists(path):
        with open(path) as file:
            deadline = file.read().strip() or deadline
    moment = datetime.fromisoformat(deadline) if "-" in deadline else datetime.combine(datetime.now().date(), datetime.strptime(deadline, "%H:%M").time())
    return (moment - datetime.now()).total_seconds()


def train(options, rank, processes):
    path, is_first = os.path.join(options.work, "passages.pt"), rank == 0
    torch.manual_seed(options.seed)
    budget, step, tokens_seen, drawn, work_seconds = DeadlineBudget(), 0, 0, {}, 0.0
    if os.path.exists(path):
        saved = torch.load(path, map_location="cpu")
        config = ModelConfig(**saved["config"])
        model = StarterModel(config)
        model.load_state_dict(saved["model"])
    else:
        saved = None
        model, config = load_grown(os.path.join(options.work, f"{options.start}.pt"), options.layers, options.kv_heads)
    optimizers = create_optimizers(model, options.matrix_rate, options.other_rate, options.weight_decay)
    if saved:
        step, tokens_seen, drawn, work_seconds, budget.progress = (saved[name] for name in ("step", "tokens_seen", "drawn", "accumulated", "progress"))
        for optimizer, state in zip(optimizers, saved["optimizers"]):
            optimizer.load_state_dict(state)
    prose = ProseStream(options.work)
    kinds = sorted({kind for _, shares in MIX for kind in shares} - {"copy", "prose"})
    streams = {kind: Examples(options.work, kind, options.part_tokens, options.seed, rank, processes) for kind in kinds}
    checks = {kind: Examples(options.work, kind, 0, 0, 0, 1) for kind in ("check-short", "check-long")} if is_first else {}

    def checkpoint(finished):
        save_checkpoint(path, {"model": model.state_dict(), "optimizers": [optimizer.state_dict() for optimizer in optimizers], "config": config.to_dict(),
                               "step": step, "tokens_seen": tokens_seen, "drawn": drawn, "accumulated": work_seconds, "progress": budget.progress, "finished": finished})

    if is_first:
        print(f"{model.number_of_parameters() / 1e6:.2f} M parameters, {processes} processes, from step {step}", flush=True)
    last_saved = last_print = last_check = time.monotonic()
    losses, printed_tokens, left = {}, tokens_seen, seconds_left(options.work, options.deadline)
    while budget.progress < 1.0 and not (saved and saved["finished"]):
        started, shares = time.monotonic(), staged(budget.progress, MIX)
        # All processes draw the same kinds, so that neither waits long for the other.
        chooser, generator = numpy.random.default_rng((options.seed, step)), numpy.random.default_rng((options.seed, step, rank))
        totals = [0.0, 0.0]
        pointer_weight = options.pointer_weight * (1.0 if budget.progress < 0.6 else 0.4)
        for _ in range(options.parts):
            kind = str(chooser.choice(list(shares), p=numpy.array(list(shares.values())) / sum(shares.values())))
            if kind == "copy":
                batch = copy_rows(generator, options.part_tokens // 2, config.vocabulary)
            elif kind == "prose":
                batch = prose_rows(generator, prose, options.part_tokens // 2)
            else:
                batch = streams[kind].draw(drawn.get(kind, 0))
            drawn[kind] = drawn.get(kind, 0) + 1
            loss, count, pointer, pointers = losses_of(model, batch)
            weight = WEIGHTS.get(kind, 1.0)
            (weight * (loss + pointer_weight * pointer)).backward()
            totals[0] += weight * count
            tokens_seen += batch[0].size * processes
            seen = losses.setdefault(kind, numpy.zeros(4))
            seen += [float(loss.detach()), count, float(pointer.detach()), pointers]
        totals = average_gradients(model, totals)
        for weight in model.parameters():
            weight.grad.mul_(processes / totals[0])
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        factor = options.rate_scale * rate_factor(budget.progress, warm_up=0.01, decay=options.decay)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak_rate"] * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step += 1
        now = time.monotonic()
        if step % 5 == 0 or left < 60:
            left = seconds_left(options.work, options.deadline)
        else:
            left -= now - started
        budget.add_step(now - started, left)
        work_seconds += budget.recent[-1]
        # The first process's clock is everybody's clock.
        if processes > 1:
            shared = torch.tensor([budget.progress if is_first else 0.0], dtype=torch.float64)
            distributed.all_reduce(shared)
            budget.progress = float(shared)
        if not is_first:
            continue
        if now - last_print > options.print_seconds:
            told = " ".join(f"{kind} {one[0] / one[1]:.2f}" + (f"/{one[2] / one[3]:.2f}" if one[3] else "") for kind, one in sorted(losses.items()))
            print(f"{time.strftime('%H:%M:%S')} step {step} {100 * budget.progress:.1f} % rate {factor:.3f} {tokens_seen / 1e6:.2f} M tokens "
                  f"{(tokens_seen - printed_tokens) / (now - last_print):.0f}/s | {told}", flush=True)
            last_print, printed_tokens, losses = now, tokens_seen, {}
        if now - last_saved > options.checkpoint_minutes * 60:
            checkpoint(False)
            last_saved = now
        if now - last_check > options.check_minutes * 60:
            print("check: " + ", ".join(f"{kind} {check(model, examples, options.checked)}" for kind, examples in checks.items()) + f", held-out loss {held_out_loss(model, options.work, torch.device('cpu')):.3f}", flush=True)
            last_check = time.monotonic()
    if is_first:
        checkpoint(True)
        print(f"finished: {step} steps, {tokens_seen / 1e6:.2f} M tokens, {work_seconds / 60:.0f} minutes", flush=True)


def finish(options):
    folder = os.path.join(options.work, "export")
    os.makedirs(folder, exist_ok=True)
    export(os.path.join(options.work, "passages.pt"), os.path.join(options.work, "tokenizer.json"), os.path.join(folder, "starter-chat-q8_0.gguf"), "Q8_0", version="1.1")
    here = os.path.dirname(os.path.abspath(__file__))
    subprocess.run([sys.executable, os.path.join(here, "evaluate.py"), "--data", options.data, "--work", options.work, "--checkpoint", "passages", "--minutes", str(options.evaluation_minutes),
                    "--samples", os.path.join(folder, "samples.md"), "--figures", os.path.join(folder, "evaluation.json")], check=True)


def run_process(rank, options, processes, rendezvous):
    torch.set_num_threads(options.threads)
    if processes > 1:
        distributed.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=processes, timeout=timedelta(days=2))
    train(options, rank, processes)
    if processes > 1:
        distributed.destroy_process_group()


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work")
    parser.add_argument("--start", default="tuned", help="checkpoint to start from")
    parser.add_argument("--deadline", default=(datetime.now() + timedelta(minutes=105)).isoformat(" ", "minutes"), help="end of training: HH:MM, or date and time")
    parser.add_argument("--evaluation-minutes", type=float, default=8)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--threads", type=int, default=1, help="of each process")
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--kv-heads", type=int, default=4)
    parser.add_argument("--parts", type=int, default=3, help="of a batch, in each process")
    parser.add_argument("--part-tokens", type=int, default=768)
    parser.add_argument("--matrix-rate", type=float, default=0.02)
    parser.add_argument("--other-rate", type=float, default=3e-3)
    parser.add_argument("--rate-scale", type=float, default=0.6)
    parser.add_argument("--decay", type=float, default=0.45, help="last part in which the rate falls to zero")
    parser.add_argument("--weight-decay", type=float, default=0.02)
    parser.add_argument("--pointer-weight", type=float, default=0.5)
    parser.add_argument("--checkpoint-minutes", type=float, default=5)
    parser.add_argument("--check-minutes", type=float, default=12)
    parser.add_argument("--checked", type=int, default=80, help="examples of each kind that a check looks at")
    parser.add_argument("--print-seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=3)
    return parser.parse_args()


def main():
    options = parse_options()
    prepare_passages(options.data, options.work, options.processes)
    if options.processes == 1:
        run_process(0, options, 1, None)
    else:
        rendezvous = os.path.abspath(os.path.join(options.work, "rendezvous"))
        if os.path.exists(rendezvous):
            os.remove(rendezvous)
        context = torch.multiprocessing.get_context("spawn")
        children = [context.Process(target=run_process, args=(rank, options, options.processes, rendezvous), daemon=True) for rank in range(1, options.processes)]
        for child in children:
            child.start()
        run_process(0, options, options.processes, rendezvous)
    finish(options)


if __name__ == "__main__":
    main()
