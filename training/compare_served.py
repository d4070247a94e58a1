"""What Galley answers against what PyTorch computes, for the three starter models: conversion, quantisation and serving in one.

    python3 training/compare_served.py --data DATA --work WORK

chat: log-probabilities of each token of 40 prompts; as F32 GGUF and as shipped (Q8_0). embed: cosine of the vectors of 100 sentences, as shipped (fp16, int8).
rerank: scores of 100 passages for 5 questions, as shipped (fp32, int8). Differences go to --figures; the exit code is 1 where one is above its tolerance.
Needs the checkpoints, which are not in the repository (training/README.md makes them), and `npm run build`.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

import torch
from tokenizers import Tokenizer as WordPiece
from torch.nn import functional

from chat_format import render
from embed_model import Encoder, mean_pool
from evaluate_served import ROOT, started_service
from evaluation_cases import CHAT_PROMPTS
from generate import load
from rerank_model import Reranker
from retrieval_tasks import squad_task
from text_sources import read_json_lines

# Largest difference that is allowed. F32: other order of sums, KV cache in half precision. Q8_0: a prompt's activations are rounded to 8 bits in every product.
TOLERANCE = {"chat f32": 0.02, "chat q8_0": 0.5, "embed fp16": 1e-5, "embed int8": 2e-3, "rerank fp32": 1e-4, "rerank int8": 0.02}


def summary(differences):
    ordered = sorted(differences)
    return {"compared": len(ordered), "median": statistics.median(ordered), "p99": ordered[int(0.99 * (len(ordered) - 1))], "largest": ordered[-1]}


@torch.no_grad()
def chat_differences(model, tokenizer, reference):
    differences = []
    with started_service(reference, ["--served-model-name", "compared"]) as service:
        for record in list(read_json_lines(CHAT_PROMPTS))[:40]:
            ids = tokenizer.encode(render([(message["role"], message["content"]) for message in record["messages"]], add_generation_prompt=True))
            expected = functional.log_softmax(model.logits(model(torch.tensor([ids])))[0].float(), 1)
            body = {"model": "compared", "prompt": ids, "max_tokens": 1, "echo": True, "logprobs": 1, "temperature": 0}
            served = service.post("/v1/completions", body)["choices"][0]["logprobs"]["token_logprobs"]
            differences += [abs(served[place] - float(expected[place - 1, ids[place]])) for place in range(1, len(ids))]
    return summary(differences)


@torch.no_grad()
def embed_differences(encoder, tokenizer, sentences, profile):
    """1 - cosine."""
    differences = []
    with started_service("starter-embed", ["--profile", profile, "--grpc-port", "off"]) as service:
        vectors = [entry["embedding"] for entry in service.post("/v1/embeddings", {"model": "starter-embed", "input": sentences, "input_type": "passage"})["data"]]
        for sentence, served in zip(sentences, vectors):
            ids = torch.tensor([tokenizer.encode(sentence).ids])
            expected = functional.normalize(mean_pool(encoder(ids, torch.ones_like(ids)), torch.ones_like(ids)), dim=1)[0]
            differences.append(1 - float(functional.cosine_similarity(expected, torch.tensor(served), dim=0)))
    return summary(differences)


@torch.no_grad()
def rerank_differences(model, tokenizer, questions, passages, profile):
    differences = []
    with started_service("starter-rerank", ["--profile", profile, "--grpc-port", "off"]) as service:
        for question in questions:
            body = {"model": "starter-rerank", "query": {"text": question}, "passages": [{"text": text} for text in passages]}
            for ranking in service.post("/v1/ranking", body)["rankings"]:
                pair = tokenizer.encode(question, passages[ranking["index"]])
                ids = torch.tensor([pair.ids])
                expected = model(ids, torch.ones_like(ids), torch.tensor([pair.type_ids]))
                differences.append(abs(float(expected) - ranking["logit"]))
    return summary(differences)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work")
    parser.add_argument("--checkpoint", default="passages")
    parser.add_argument("--figures", default="")
    options = parser.parse_args()
    torch.set_num_threads(1)
    embed_work, found = os.path.join(options.work, "embed"), {}
    model, tokenizer, _ = load(options.work, options.checkpoint)
    with tempfile.TemporaryDirectory() as folder:
        exact = os.path.join(folder, "compared.gguf")
        subprocess.run([sys.executable, os.path.join(ROOT, "training/export.py"), "--work", options.work, "--checkpoint", options.checkpoint, "--type", "F32", "--output", exact], check=True)
        found["chat f32"] = chat_differences(model, tokenizer, exact)
    found["chat q8_0"] = chat_differences(model, tokenizer, "starter-chat")
    pieces = WordPiece.from_file(os.path.join(ROOT, "models/starter-embed/tokenizer.json"))
    pieces.no_padding()
    pieces.enable_truncation(512)
    questions, passages, _ = squad_task(options.data, 200)
    passages, questions = passages[:100], questions[:5]
    saved = torch.load(os.path.join(embed_work, "encoder.pt"), weights_only=False)
    encoder = Encoder(saved["config"])
    encoder.load_state_dict(saved["model"])
    for precision in ("fp16", "int8"):
        found[f"embed {precision}"] = embed_differences(encoder.eval(), pieces, passages, f"onnx-{precision}-cpu")
    saved = torch.load(os.path.join(embed_work, "reranker.pt"))["model"]
    reranker = Reranker(*saved["table.weight"].shape)
    reranker.load_state_dict(saved)
    for precision in ("fp32", "int8"):
        found[f"rerank {precision}"] = rerank_differences(reranker.eval(), pieces, questions, passages, f"onnx-{precision}-cpu")
    for name, figures in found.items():
        figures["tolerance"] = TOLERANCE[name]
        figures["isWithin"] = figures["largest"] <= TOLERANCE[name]
    text = json.dumps(found, indent=1)
    print(text)
    if options.figures:
        with open(options.figures, "w") as file:
            file.write(text + "\n")
    sys.exit(0 if all(figures["isWithin"] for figures in found.values()) else 1)


if __name__ == "__main__":
    main()
