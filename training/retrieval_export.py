"""Checkpoints -> folders that a server, ONNX Runtime, sentence-transformers' readers and llama.cpp load.

    OUTPUT/starter-embed/   onnx/model.onnx (float), onnx/model_fp16.onnx (halves in the file, computes in floats), onnx/model_int8.onnx, *.gguf, tokenizer and configuration, 1_Pooling
    OUTPUT/starter-rerank/  onnx/model.onnx, onnx/model_int8.onnx, tokenizer and configuration

Int8: tables have one byte a number with a scale for each row (and one for each column, as the ballast columns are larger than the rest);
matrices are quantised as ONNX Runtime's dynamic quantisation does it, for each output channel.
"""
import argparse
import copy
import json
import os
import warnings

import gguf
import numpy
import onnx
import torch
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from tokenizers import Tokenizer
from torch import nn

from embed_model import Encoder
from rerank_model import Reranker

SPECIAL_TOKENS = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]"}
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


class LastHiddenState(nn.Module):
    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids, attention_mask, token_type_ids):
        return self.encoder(input_ids, attention_mask, token_type_ids)


class ByteTable(nn.Module):
    """An embedding table in signed bytes: codes * row scale * column scale."""

    def __init__(self, weight):
        super().__init__()
        weight = weight.detach()
        column = weight.pow(2).mean(0).sqrt().clamp(min=1e-6) if weight.shape[1] > 1 else torch.ones(1)
        scaled = weight / column
        row = (scaled.abs().amax(1, keepdim=True) / 127).clamp(min=1e-8)
        self.register_buffer("codes", (scaled / row).round().clamp(-127, 127).to(torch.int8))
        self.register_buffer("row", row)
        self.register_buffer("column", column)

    def forward(self, ids):
        return self.codes[ids].float() * self.row[ids] * self.column


def write_json(path, value):
    with open(path, "w") as file:
        json.dump(value, file, indent=2)
        file.write("\n")


def write_onnx(model, path, output, shape):
    """shape: names of the output's moving dimensions."""
    ids = torch.tensor([[2, 10, 11, 3, 12, 13, 14, 3], [2, 20, 3, 21, 22, 3, 0, 0]])
    mask, segments = (ids > 0).long(), torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 1, 0, 0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(model.eval(), (ids, mask, segments), path, input_names=INPUTS, output_names=[output], opset_version=17, dynamo=False,
                          dynamic_axes={**{name: {0: "batch", 1: "tokens"} for name in INPUTS}, output: shape})
    onnx.checker.check_model(path)


def write_halves(source, path):
    """Large weights are stored in 16 bits and cast back when the file is loaded."""
    model = onnx.load(source)
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT and numpy.prod(tensor.dims) > 1024:
            name = tensor.name
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor).astype(numpy.float16), name + "_half"))
            casts.append(onnx.helper.make_node("Cast", [name + "_half"], [name], to=onnx.TensorProto.FLOAT))
    nodes = casts + list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def write_bytes(model, path, output, shape):
    """model: with ByteTables already; its matrices become bytes here."""
    write_onnx(model, path + ".tmp", output, shape)
    quantize_dynamic(path + ".tmp", path, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"], extra_options={"MatMulConstBOnly": True})
    os.remove(path + ".tmp")


def write_tokenizer(tokenizer, folder):
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.save(os.path.join(folder, "tokenizer.json"))
    write_json(os.path.join(folder, "tokenizer_config.json"), {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512, "strip_accents": None, "tokenize_chinese_chars": True, **SPECIAL_TOKENS})
    write_json(os.path.join(folder, "special_tokens_map.json"), SPECIAL_TOKENS)
    tokens = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8") as file:
        file.writelines(token + "\n" for token, _ in tokens)
    return [token for token, _ in tokens]


def phantom_space(token):
    """llama.cpp's WordPiece marks the start of a word, where BERT marks its continuation."""
    if token.startswith("[") and token.endswith("]"):
        return token
    return token[2:] if token.startswith("##") else "\u2581" + token


def write_gguf(encoder, tokens, path, kind):
    """kind: a gguf.GGMLQuantizationType for the matrices; vectors and the small tables stay F32."""
    config = encoder.config
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("starter-embed")
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_layer_norm_eps(config.layer_norm_eps)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    writer.add_file_type({gguf.GGMLQuantizationType.Q8_0: gguf.LlamaFileType.MOSTLY_Q8_0, gguf.GGMLQuantizationType.F16: gguf.LlamaFileType.MOSTLY_F16}.get(kind, gguf.LlamaFileType.ALL_F32))
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("default")
    writer.add_token_type_count(config.type_vocab_size)
    writer.add_token_list([phantom_space(token) for token in tokens])
    writer.add_token_types([gguf.TokenType.CONTROL if number < 5 else gguf.TokenType.NORMAL for number in range(len(tokens))])
    for add, name in ((writer.add_pad_token_id, "[PAD]"), (writer.add_unk_token_id, "[UNK]"), (writer.add_bos_token_id, "[CLS]"),
                      (writer.add_sep_token_id, "[SEP]"), (writer.add_eos_token_id, "[SEP]"), (writer.add_mask_token_id, "[MASK]")):
        add(tokens.index(name))
    writer.add_uint32("tokenizer.ggml.cls_token_id", tokens.index("[CLS]"))
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(True)
    names = {"embeddings.word_embeddings": "token_embd", "embeddings.position_embeddings": "position_embd", "embeddings.token_type_embeddings": "token_types", "embeddings.LayerNorm": "token_embd_norm"}
    for number in range(config.num_hidden_layers):
        layer, block = f"encoder.layer.{number}", f"blk.{number}"
        names |= {f"{layer}.attention.self.query": f"{block}.attn_q", f"{layer}.attention.self.key": f"{block}.attn_k", f"{layer}.attention.self.value": f"{block}.attn_v",
                  f"{layer}.attention.output.dense": f"{block}.attn_output", f"{layer}.attention.output.LayerNorm": f"{block}.attn_output_norm",
                  f"{layer}.intermediate.dense": f"{block}.ffn_up", f"{layer}.output.dense": f"{block}.ffn_down", f"{layer}.output.LayerNorm": f"{block}.layer_output_norm"}
    for name, tensor in encoder.state_dict().items():
        module, _, part = name.rpartition(".")
        array = tensor.numpy().astype(numpy.float32)
        is_matrix = array.ndim == 2 and not names[module].startswith(("position", "token_types"))
        own = kind if is_matrix else gguf.GGMLQuantizationType.F32
        writer.add_tensor(f"{names[module]}.{part}", gguf.quants.quantize(array, own), raw_dtype=own)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def export_embed(encoder, tokenizer, folder, widths=(256, 128, 64)):
    os.makedirs(os.path.join(folder, "onnx"), exist_ok=True)
    os.makedirs(os.path.join(folder, "1_Pooling"), exist_ok=True)
    tokens, shape = write_tokenizer(tokenizer, folder), {0: "batch", 1: "tokens"}
    path = os.path.join(folder, "onnx", "model.onnx")
    write_onnx(LastHiddenState(encoder), path, "last_hidden_state", shape)
    write_halves(path, os.path.join(folder, "onnx", "model_fp16.onnx"))
    small = copy.deepcopy(encoder)
    small.embeddings.word_embeddings = ByteTable(encoder.embeddings.word_embeddings.weight)
    write_bytes(LastHiddenState(small), os.path.join(folder, "onnx", "model_int8.onnx"), "last_hidden_state", shape)
    write_gguf(encoder, tokens, os.path.join(folder, "starter-embed-q8_0.gguf"), gguf.GGMLQuantizationType.Q8_0)
    write_json(os.path.join(folder, "config.json"), encoder.config.as_bert("BertModel"))
    write_json(os.path.join(folder, "modules.json"), [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])
    write_json(os.path.join(folder, "1_Pooling", "config.json"), {
        "word_embedding_dimension": encoder.config.hidden_size, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True, "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False, "pooling_mode_weightedmean_tokens": False, "pooling_mode_lasttoken": False, "include_prompt": True})
    write_json(os.path.join(folder, "sentence_bert_config.json"), {"max_seq_length": 512, "do_lower_case": False})
    write_json(os.path.join(folder, "config_sentence_transformers.json"), {"prompts": {}, "default_prompt_name": None, "similarity_fn_name": "cosine", "matryoshka_dimensions": list(widths)})


def export_rerank(model, tokenizer, folder):
    os.makedirs(os.path.join(folder, "onnx"), exist_ok=True)
    write_tokenizer(tokenizer, folder)
    write_onnx(model, os.path.join(folder, "onnx", "model.onnx"), "logits", {0: "batch"})
    small = copy.deepcopy(model)
    for name in ("table", "kind", "weight"):
        setattr(small, name, ByteTable(getattr(model, name).weight))
    # Its matrices are tiny and their inputs uneven: bytes would save nothing and cost accuracy.
    write_onnx(small, os.path.join(folder, "onnx", "model_int8.onnx"), "logits", {0: "batch"})
    vocabulary, width = model.table.weight.shape
    write_json(os.path.join(folder, "config.json"), {
        "architectures": ["StarterForSequenceClassification"], "model_type": "starter-rerank", "vocab_size": vocabulary, "hidden_size": width, "num_labels": 1, "id2label": {"0": "LABEL_0"},
        "max_position_embeddings": 512, "type_vocab_size": 2, "pad_token_id": 0})


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", default="training/work/embed")
    parser.add_argument("--output", default="training/work/embed/final")
    parser.add_argument("--encoder", default="encoder.pt")
    parser.add_argument("--reranker", default="reranker.pt")
    options = parser.parse_args()
    torch.set_num_threads(1)
    tokenizer = Tokenizer.from_file(os.path.join(options.work, "tokenizer.json"))
    path = os.path.join(options.work, options.encoder)
    if os.path.exists(path):
        saved = torch.load(path, weights_only=False)
        encoder = Encoder(saved["config"])
        encoder.load_state_dict(saved["model"])
        export_embed(encoder.eval(), tokenizer, os.path.join(options.output, "starter-embed"))
    path = os.path.join(options.work, options.reranker)
    if os.path.exists(path):
        saved = torch.load(path)["model"]
        model = Reranker(*saved["table.weight"].shape)
        model.load_state_dict(saved)
        export_rerank(model.eval(), tokenizer, os.path.join(options.output, "starter-rerank"))
    for folder, _, files in sorted(os.walk(options.output)):
        for name in sorted(files):
            print(f"{os.path.getsize(os.path.join(folder, name)):>10,}  {os.path.join(folder, name)}")


if __name__ == "__main__":
    main()
