"""Makes the inputs and the expected values of test/conversion-logits.test.ts.

Tiny models with random weights and really trained tokenizers, saved as transformers saves them; their logits for two
prompts; PEFT adapters and the logits of base + adapter (PEFT merges for the check that both ways agree). Needed offline
alone, by whoever changes what is covered:

    python3.11 -m venv venv && venv/bin/pip install torch==2.13.0 transformers==5.18.0 peft==0.21.0 \
        safetensors==0.8.0 sentencepiece==0.2.2 numpy==2.4.6 protobuf==7.36.2
    venv/bin/python test/reference/conversion.py
"""

import copy
import io
import json
import os
import random
import shutil

import numpy
import sentencepiece
import torch
import transformers
from peft import LoraConfig, get_peft_model
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

here = os.path.dirname(os.path.abspath(__file__))
target = os.path.join(here, "..", "fixtures", "conversion")

LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")

words = (
    "the model answers a question about tokens and layers while three ships carry bread over the river in 1999 "
    "it's what they'll say when we've seen 12 of 345 numbers, isn't it? hello world! der Fluß fließt; été, naïve café."
).split()


def corpus():
    source = random.Random(7)
    return [" ".join(source.choice(words) for _ in range(source.randint(3, 12))) + "\n" for _ in range(800)]


TEXTS = [
    "Hello world! It's 12345 tokens, isn't it?",
    "the model answers\n\n  a question about 42 ships",
    "été naïve café — Fluß 你好 🚀",
    "  two spaces first, and two last  ",
    "tabs\tand\r\nlines\n\n\n end",
    "<|end|>the river<|end|> carries bread",
    "ABC def GHI'LL we've ___ === 1999!!!",
    "",
]
PROMPTS = ["the model answers a question", "Hello world! 12 ships\n\ncarry bread over the river, isn't it?"]


def byte_level(cut, size=320, ignore_merges=False, bos=None):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    byte = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=cut == "gpt2")
    if cut == "digits":
        byte = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), byte])
    elif cut == "gpt2":
        tokenizer.pre_tokenizer = byte
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(cut), "isolated"), byte])
    if cut == QWEN2:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=["<|begin|>", "<|end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(), trainer)
    tokenizer.add_tokens([AddedToken("<tool>", special=False, normalized=False)])
    if bos:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A {bos} $B", special_tokens=[(bos, tokenizer.token_to_id(bos))]
        )
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<|begin|>", eos_token="<|end|>", clean_up_tokenization_spaces=False
    )


def sentence_pieces(folder, gemma, keep_model):
    """What SentencePiece trains, as a `tokenizer.json` with every merge that its scores allow."""
    file = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()), model_writer=file, model_type="bpe", vocab_size=384, byte_fallback=True,
        character_coverage=1.0, normalization_rule_name="identity", remove_extra_whitespaces=False,
        add_dummy_prefix=not gemma, minloglevel=2, split_digits=True, allow_whitespace_only_pieces=True,
        user_defined_symbols=["<|end|>"] if gemma else [],
    )
    processor = sentencepiece.SentencePieceProcessor(model_proto=file.getvalue())
    scores = {processor.id_to_piece(i): processor.get_score(i) for i in range(processor.get_piece_size())}
    vocabulary = {processor.id_to_piece(i): i for i in range(processor.get_piece_size())}
    merges = []
    for piece in vocabulary:
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in vocabulary and right in vocabulary:
                merges.append((left, right, scores[piece], vocabulary[left]))
    merges.sort(key=lambda merge: (-merge[2], merge[3]))
    tokenizer = Tokenizer(
        models.BPE(vocab=vocabulary, merges=[merge[:2] for merge in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    replace = normalizers.Replace(" ", "\u2581")
    tokenizer.normalizer = replace if gemma else normalizers.Sequence([normalizers.Prepend("\u2581"), replace])
    if gemma:
        tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()]
        + ([] if gemma else [decoders.Strip(" ", 1, 0)])
    )
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in ["<unk>", "<s>", "</s>", "<|end|>"]])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    if keep_model:
        with open(os.path.join(folder, "tokenizer.model"), "wb") as out:
            out.write(file.getvalue())
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", unk_token="<unk>", clean_up_tokenization_spaces=False
    )


SMALL = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             max_position_embeddings=256, attention_dropout=0.0)
LLAMA3_ROPE = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0,
               "high_freq_factor": 4.0, "original_max_position_embeddings": 64}

FAMILIES = {
    "llama": (transformers.LlamaForCausalLM, transformers.LlamaConfig,
              dict(rope_parameters=LLAMA3_ROPE, tie_word_embeddings=True), ("byte", LLAMA3, True, "<|begin|>")),
    "mistral": (transformers.MistralForCausalLM, transformers.MistralConfig,
                dict(head_dim=16, sliding_window=None), ("pieces", False, False)),
    "qwen2": (transformers.Qwen2ForCausalLM, transformers.Qwen2Config, dict(tie_word_embeddings=True), ("byte", QWEN2, False, None)),
    "qwen3": (transformers.Qwen3ForCausalLM, transformers.Qwen3Config,
              dict(head_dim=16, tie_word_embeddings=False), ("byte", QWEN2, False, None)),
    "gemma2": (transformers.Gemma2ForCausalLM, transformers.Gemma2Config,
               dict(head_dim=16, query_pre_attn_scalar=16, sliding_window=8, attn_implementation="eager"), ("pieces", True, True)),
    "gemma3": (transformers.Gemma3ForCausalLM, transformers.Gemma3TextConfig,
               dict(head_dim=16, query_pre_attn_scalar=16, sliding_window=8,
                    layer_types=["sliding_attention", "full_attention"]), ("pieces", True, False)),
    "phi3": (transformers.Phi3ForCausalLM, transformers.Phi3Config,
             dict(original_max_position_embeddings=256, sliding_window=None, pad_token_id=0), ("byte", LLAMA3, False, None)),
    "granite": (transformers.GraniteForCausalLM, transformers.GraniteConfig,
                dict(attention_multiplier=0.2, embedding_multiplier=3.0, residual_multiplier=0.5, logits_scaling=2.0,
                     tie_word_embeddings=True), ("byte", "digits", False, None)),
    "smollm3": (transformers.SmolLM3ForCausalLM, transformers.SmolLM3Config,
                dict(num_hidden_layers=4, pad_token_id=0, tie_word_embeddings=True), ("byte", LLAMA3, True, None)),
    "olmo2": (transformers.Olmo2ForCausalLM, transformers.Olmo2Config, dict(), ("byte", LLAMA3, False, None)),
    "mixtral": (transformers.MixtralForCausalLM, transformers.MixtralConfig,
                dict(num_local_experts=4, num_experts_per_tok=2, intermediate_size=32, sliding_window=None), ("pieces", False, True)),
    "qwen3moe": (transformers.Qwen3MoeForCausalLM, transformers.Qwen3MoeConfig,
                 dict(head_dim=16, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, norm_topk_prob=True,
                      decoder_sparse_step=1), ("byte", "gpt2", False, None)),
}

ADAPTERS = {
    "llama": dict(r=4, lora_alpha=8, use_rslora=True,
                  target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]),
    "mistral": dict(r=4, lora_alpha=8, rank_pattern={"k_proj": 2}, alpha_pattern={"v_proj": 12},
                    target_modules=["q_proj", "k_proj", "v_proj", "lm_head", "embed_tokens"]),
    "qwen3": dict(r=4, lora_alpha=8, target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]),
    "gemma3": dict(r=4, lora_alpha=8, target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]),
    "phi3": dict(r=4, lora_alpha=8, target_modules=["qkv_proj", "o_proj", "gate_up_proj", "down_proj"]),
}


def randomize(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = 0.2 if parameter.dim() == 1 else 1.2 / parameter.shape[-1] ** 0.5
            noise = torch.randn(parameter.shape, generator=generator) * scale
            isplain = parameter.dim() == 1 and name.endswith("norm.weight") and "gemma" not in type(model).__name__.lower()
            # In half precision the committed files are half as long, and every value is exact in f32.
            parameter.copy_((noise + (1.0 if isplain else 0.0)).half().float())


def logits_of(model, prompts):
    with torch.no_grad():
        return [model(torch.tensor([ids])).logits[0].float().numpy() for ids in prompts]


def keep(logits):
    """The last position whole, and 8 columns of each one before."""
    return {"last": [round(float(x), 5) for x in logits[-1]],
            "columns": [[round(float(x), 5) for x in row[::len(row) // 8][:8]] for row in logits[:-1]]}


def make_adapter(model, folder, settings, prompts):
    peft = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", **settings))
    generator = torch.Generator().manual_seed(99)
    with torch.no_grad():
        for name, parameter in peft.named_parameters():
            if "lora_" in name:
                parameter.copy_((torch.randn(parameter.shape, generator=generator) * 0.15).half().float())
    peft.eval()
    path = os.path.join(folder, "adapter")
    peft.save_pretrained(path, save_embedding_layers=False)
    if os.path.exists(os.path.join(path, "README.md")):
        os.remove(os.path.join(path, "README.md"))
    result = logits_of(peft, prompts)
    merged = logits_of(peft.merge_and_unload(), prompts)
    difference = max(float(numpy.abs(a - b).max()) for a, b in zip(result, merged))
    assert difference < 1e-4, difference
    return [keep(item) for item in merged]


def main():
    shutil.rmtree(target, ignore_errors=True)
    for name, (model_class, config_class, settings, kind) in FAMILIES.items():
        torch.manual_seed(1)
        folder = os.path.join(target, name)
        os.makedirs(folder)
        if kind[0] == "byte":
            tokenizer = byte_level(kind[1], ignore_merges=kind[2], bos=kind[3])
        else:
            tokenizer = sentence_pieces(folder, gemma=kind[1], keep_model=kind[2])
        rows = (len(tokenizer) + 15) // 16 * 16
        config = config_class(**{**SMALL, "vocab_size": rows, "bos_token_id": tokenizer.bos_token_id,
                                 "eos_token_id": tokenizer.eos_token_id, "pad_token_id": 0, **settings})
        model = model_class(config).eval()
        randomize(model, seed=len(name))
        tokenizer.save_pretrained(folder)
        texts = [{"text": text, "tokens": tokenizer(text)["input_ids"]} for text in TEXTS]
        prompts = [tokenizer(text)["input_ids"] for text in PROMPTS]
        expected = {"architecture": model_class.__name__, "texts": texts, "prompts": prompts,
                    "logits": [keep(item) for item in logits_of(model, prompts)]}
        # A copy: halving rounds the rotation's frequencies too.
        copy.deepcopy(model).half().save_pretrained(folder, max_shard_size="30KB" if name == "qwen2" else "5GB")
        if name in ADAPTERS:
            expected["adapter"] = make_adapter(model, folder, ADAPTERS[name], prompts)
        with open(os.path.join(folder, "expected.json"), "w") as out:
            json.dump(expected, out, ensure_ascii=False, separators=(",", ":"))
        size = sum(os.path.getsize(os.path.join(root, file)) for root, _, files in os.walk(folder) for file in files)
        print(name, size, [len(p) for p in prompts])


main()
