"""Pretraining and chat tuning. `--stage pretrain`, `--stage tune`, or `--stage all` for everything from the data to the GGUF.

On a CPU it runs one single-threaded process a core and averages gradients once a step: small products gain nothing from
threads that wait for each other after every one. On CUDA it runs one process with bf16 and torch.compile.
"""
import argparse
import os
import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import timedelta

import numpy
import torch
import torch.distributed as distributed

from batches import ChatStream, ProseStream, mixed_batch
from export import export
from model import ModelConfig, StarterModel, loss_of
from optimizer import create_optimizers
from prepare import prepare
from prepare_chat import prepare_chat
from schedule import TimeBudget, rate_factor, staged


@dataclass
class Stage:
    name: str
    minutes: float
    start_from: str      # checkpoint whose weights open the stage; empty = random weights
    rate_scale: float    # of the peak learning rates
    decay: float         # last part of the stage in which the rate falls to zero
    windows: list        # [(end of progress, tokens a window)]
    batch_shares: list   # [(end of progress, share of --batch-tokens)]
    chat_shares: list    # [(end of progress, share of chat rows)]
    mask_chat: bool


def stages_of(options):
    long, half, quarter = options.context, options.context // 2, options.context // 4
    # Short windows are cheaper and serve most of what a small model can learn; the last tenth teaches long prompts.
    pretrain = Stage("pretrained", options.minutes, "", 1.0, 0.35, [(0.70, quarter), (0.92, half), (1.0, long)],
                     [(0.20, 0.5), (1.0, 1.0)], [(0.65, 0.0), (1.0, 0.25)], False)
    tune = Stage("tuned", options.tune_minutes, "pretrained", options.tune_rate, 1.0, [(0.85, half), (1.0, long)],
                 [(1.0, 1.0)], [(1.0, 0.92)], True)
    return {"pretrain": [pretrain], "tune": [tune], "all": [pretrain, tune]}[options.stage]


def config_of(options):
    return ModelConfig(options.vocabulary, options.width, options.layers, options.heads, options.kv_heads, options.feed_forward, options.context, dropout=options.dropout)


def save_checkpoint(path, content):
    torch.save(content, path + ".part")
    os.replace(path + ".part", path)  # a reader never sees half a file


def average_gradients(model, extra):
    """Mean over processes; `extra` (a list of floats) is summed over processes and returned."""
    if not distributed.is_initialized():
        return extra
    weights = [weight for weight in model.parameters() if weight.grad is not None]
    flat = torch.cat([weight.grad.flatten() for weight in weights] + [torch.tensor(extra)])
    distributed.all_reduce(flat)
    at = 0
    for weight in weights:
        weight.grad.copy_(flat[at:at + weight.numel()].view_as(weight)).div_(distributed.get_world_size())
        at += weight.numel()
    return flat[at:].tolist()


@torch.no_grad()
def held_out_loss(model, work, device, window=256, rows=48):
    """Nats a token on fixed windows of held-out documents: a quick look, evaluate.py measures all of them."""
    ids = numpy.fromfile(os.path.join(work, "tokens", "held-out.bin"), numpy.uint16).astype(numpy.int64)
    starts = numpy.linspace(0, len(ids) - window - 1, rows).astype(int)
    batch = torch.from_numpy(numpy.stack([ids[start:start + window + 1] for start in starts])).to(device)
    hidden = model(batch[:, :-1])
    return float(torch.nn.functional.cross_entropy(model.logits(hidden).flatten(0, 1).float(), batch[:, 1:].flatten()))


def run_stage(stage, options, rank, device):
    is_first, on_cuda = rank == 0, device.type == "cuda"
    path = os.path.join(options.work, f"{stage.name}.pt")
    config = config_of(options)
    torch.manual_seed(options.seed)
    model = StarterModel(config).to(device)
    optimizers = create_optimizers(model, options.matrix_rate, options.other_rate, options.weight_decay)
    budget, step, tokens_seen = TimeBudget(stage.minutes), 0, 0
    if os.path.exists(path):
        saved = torch.load(path, map_location=device)
        model.load_state_dict(saved["model"])
        step, tokens_seen, budget.accumulated = saved["step"], saved["tokens_seen"], saved["accumulated"]
        for optimizer, state in zip(optimizers, saved["optimizers"]):
            optimizer.load_state_dict(state)
    elif stage.start_from:
        model.load_state_dict(torch.load(os.path.join(options.work, f"{stage.start_from}.pt"), map_location=device)["model"])
    compiled = torch.compile(model) if on_cuda and hasattr(torch, "compile") else model
    prose, chat = ProseStream(options.work), None
    processes = distributed.get_world_size() if distributed.is_initialized() else 1

    def checkpoint(finished):
        save_checkpoint(path, {"model": model.state_dict(), "optimizers": [optimizer.state_dict() for optimizer in optimizers],
                               "config": config.to_dict(), "step": step, "tokens_seen": tokens_seen,
                               "accumulated": budget.accumulated, "finished": finished})

    if is_first:
        print(f"stage {stage.name}: {model.number_of_parameters() / 1e6:.2f} M parameters, {processes} processes on {device}, from step {step}", flush=True)
    last_saved = last_print = last_held_out = time.monotonic()
    printed_tokens, losses = tokens_seen, []
    while budget.progress < 1.0:
        started, progress = time.monotonic(), budget.progress
        window, chat_share = staged(progress, stage.windows), staged(progress, stage.chat_shares)
        if chat_share and chat is None:
            chat = ChatStream(options.work)
        rows = max(1, round(options.batch_tokens * staged(progress, stage.batch_shares) / processes / window))
        rows_at_once = max(1, min(rows, options.rows_tokens // window))
        generator = numpy.random.default_rng((options.seed, rank, step, len(stage.name)))
        total_loss, parts = 0.0, [min(rows_at_once, rows - at) for at in range(0, rows, rows_at_once)]
        for part in parts:
            inputs, targets = mixed_batch(prose, chat, chat_share, stage.mask_chat, generator, part, window, device)
            with torch.autocast("cuda", dtype=torch.bfloat16) if on_cuda else nullcontext():
                hidden = compiled(inputs)
                hidden = hidden.bfloat16() if on_cuda else hidden
            loss = loss_of(hidden, model.embedding.weight, targets, options.z_weight) * (part / rows)
            loss.backward()
            total_loss += float(loss.detach())
        # The first process's clock is everybody's clock, so that all agree on the schedule.
        accumulated, total_loss = average_gradients(model, [budget.accumulated if is_first else 0.0, total_loss / processes])
        budget.accumulated = accumulated
        factor = stage.rate_scale * rate_factor(progress, decay=stage.decay)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak_rate"] * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step, tokens_seen = step + 1, tokens_seen + rows * window * processes
        losses.append(total_loss)
        now = time.monotonic()
        budget.add_step(now - started)
        if is_first and now - last_print > options.print_seconds:
            left = (1 - budget.progress) * stage.minutes
            rate = (tokens_seen - printed_tokens) / (now - last_print)
            print(f"{time.strftime('%H:%M:%S')} {stage.name} step {step} {100 * progress:.1f} % loss {sum(losses) / len(losses):.3f} "
                  f"window {window} rate {factor:.3f} {tokens_seen / 1e6:.2f} M tokens {rate:.0f} tokens/s {left:.1f} min left", flush=True)
            last_print, printed_tokens, losses = now, tokens_seen, []
        if is_first and now - last_saved > options.checkpoint_minutes * 60:
            checkpoint(False)
            last_saved = now
        if is_first and now - last_held_out > options.held_out_minutes * 60:
            print(f"held-out loss {held_out_loss(model, options.work, device):.3f} nats a token", flush=True)
            last_held_out = time.monotonic()
    if is_first:
        checkpoint(True)
        print(f"stage {stage.name} finished: {step} steps, {tokens_seen / 1e6:.2f} M tokens, held-out loss {held_out_loss(model, options.work, device):.3f}", flush=True)
    if distributed.is_initialized():
        distributed.barrier()


def run_process(rank, options, processes, rendezvous):
    if processes > 1:
        torch.set_num_threads(1)
        distributed.init_process_group("gloo", init_method=f"file://{rendezvous}", rank=rank, world_size=processes, timeout=timedelta(days=2))
    for stage in stages_of(options):
        run_stage(stage, options, rank, torch.device(options.device))


def prepare_everything(options):
    """Tokenizer, token files and dialogues, each only where it is missing."""
    if not os.path.exists(os.path.join(options.work, "tokens", "held-out.json")):
        prepare(options.data, options.work, options.vocabulary, 24, min(4, os.cpu_count() or 1))
    if not ChatStream.exists(options.work):
        millions = StarterModel(config_of(options)).number_of_parameters() / 1e6
        prepare_chat(options.data, options.work, options.own_dialogues, options.chat_share, f"about {millions:.0f} million", longest=480)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--stage", choices=["pretrain", "tune", "all"], default="all")
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--output", default="models/starter-chat/starter-chat-q8_0.gguf", help="where --stage all exports the model")
    parser.add_argument("--processes", type=int, default=0, help="0 = one a core on the CPU, one on CUDA")
    for name, value in {"vocabulary": 8192, "width": 256, "layers": 5, "heads": 4, "kv-heads": 2, "feed-forward": 768, "context": 1024, "seed": 1}.items():
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--own-dialogues", type=int, default=55_000, help="number of generated dialogues among the chat data")
    parser.add_argument("--chat-share", type=float, default=0.3, help="of the dialogues from the other data sets")
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--minutes", type=float, default=65, help="budget of pretraining, in minutes of work")
    parser.add_argument("--tune-minutes", type=float, default=12)
    parser.add_argument("--batch-tokens", type=int, default=8192)
    parser.add_argument("--rows-tokens", type=int, default=4096, help="tokens of one forward pass in one process")
    parser.add_argument("--matrix-rate", type=float, default=0.02)
    parser.add_argument("--other-rate", type=float, default=3e-3)
    parser.add_argument("--tune-rate", type=float, default=0.25, help="of the peak rates")
    parser.add_argument("--weight-decay", type=float, default=0.02)
    parser.add_argument("--z-weight", type=float, default=1e-4)
    parser.add_argument("--checkpoint-minutes", type=float, default=3)
    parser.add_argument("--held-out-minutes", type=float, default=5)
    parser.add_argument("--print-seconds", type=float, default=20)
    return parser.parse_args()


def main():
    options = parse_options()
    processes = options.processes or (1 if options.device.startswith("cuda") else os.cpu_count() or 1)
    os.makedirs(options.work, exist_ok=True)
    if options.stage == "all":
        prepare_everything(options)
    if processes == 1:
        run_process(0, options, 1, None)
    else:
        run_processes(options, processes)
    if options.stage == "all":
        export(os.path.join(options.work, "tuned.pt"), os.path.join(options.work, "tokenizer.json"), options.output, "Q8_0")


def run_processes(options, processes):
    rendezvous = os.path.abspath(os.path.join(options.work, "rendezvous"))
    if os.path.exists(rendezvous):
        os.remove(rendezvous)
    children = [torch.multiprocessing.get_context("spawn").Process(target=run_process, args=(rank, options, processes, rendezvous), daemon=True)
                for rank in range(1, processes)]
    for child in children:
        child.start()
    run_process(0, options, processes, rendezvous)


if __name__ == "__main__":
    main()
