"""Trains the WordPiece tokenizer and writes the pair files under WORK/pairs; counts and the check that nothing is held out go to WORK/pairs.json."""
import argparse
import json
import os
import time

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from retrieval_data import SOURCE_NAMES, HeldOut, check_disjoint, held_out_texts, save_pairs, training_pairs

SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SAMPLED_CHARACTERS = 8_000_000  # of each source, for the vocabulary


def say(message, started=time.time()):
    print(f"[{time.time() - started:6.1f} s] {message}", flush=True)


def train_tokenizer(texts, vocabulary):
    """The tokenizer of BERT (uncased): same normaliser, same split into words, "##" before the later pieces of a word."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=vocabulary, special_tokens=SPECIAL_TOKENS, limit_alphabet=400, min_frequency=5, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[(name, tokenizer.token_to_id(name)) for name in ("[CLS]", "[SEP]")])
    return tokenizer


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="training/data")
    parser.add_argument("--work", default="training/work/embed")
    parser.add_argument("--vocabulary", type=int, default=16384)
    parser.add_argument("--longest", type=int, default=192, help="tokens of a question or passage")
    options = parser.parse_args()
    os.makedirs(os.path.join(options.work, "pairs"), exist_ok=True)
    held_out = HeldOut(held_out_texts(options.data))
    say(f"{len(held_out.runs)} held-out runs of words")
    pairs, report, sample = {}, {}, []
    for name in SOURCE_NAMES:
        pairs[name], dropped = training_pairs(options.data, name, held_out)
        check_disjoint([(question, passage) for question, passage, _ in pairs[name][::7]], held_out)
        report[name] = {"pairs": len(pairs[name]), "dropped because they overlap held-out text": dropped}
        say(f"{name}: {report[name]}")
        size = 0
        for question, passage, _ in pairs[name][::3] if name != "squad-check" else []:
            sample += [question, passage]
            size += len(passage) + len(question)
            if size > SAMPLED_CHARACTERS:
                break
    path = os.path.join(options.work, "tokenizer.json")
    if not os.path.exists(path):
        tokenizer = train_tokenizer(sample, options.vocabulary)
        tokenizer.save(path)
    tokenizer = Tokenizer.from_file(path)
    say(f"tokenizer: {tokenizer.get_vocab_size()} tokens")
    for name in SOURCE_NAMES:
        save_pairs(os.path.join(options.work, "pairs", f"{name}.npz"), pairs[name], tokenizer, options.longest)
        say(f"{name} written")
    with open(os.path.join(options.work, "pairs.json"), "w") as file:
        json.dump(report, file, indent=1)


if __name__ == "__main__":
    main()
