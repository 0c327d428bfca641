"""Makes the models and right answers that ReferenceTest holds Baton to.

Hugging Face transformers (5) makes small models of each architecture with random weights, in float32, float16 and bfloat16, and computes, always in float32, the
logits after a prompt and the greedy tokens that follow. The weights go into one file for each model and width, the configurations, as transformers 4 and
transformers 5 write them, into cases.json together with the answers; many configurations share one file of weights.

    python reference_models.py ../resources/reference

needs torch, transformers, tokenizers, safetensors. The same versions write the same bytes.
"""
import copy, json, os, sys
import torch, transformers
from safetensors.torch import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, GemmaConfig, Gemma2Config, GraniteConfig, LlamaConfig, MistralConfig, Qwen2Config

VOCABULARY = 96
PROMPT, TOKENS = 24, 12
# The least distance between the best and the second best logit of a step: tokens must not hang on the last bits of a sum.
MARGIN = 0.005
# Where the search for weights whose tokens are clear begins, to save the way; 0 elsewhere.
SEEDS = {"gemma2": 752}
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}

COMMON = dict(vocab_size=VOCABULARY, num_hidden_layers=2, max_position_embeddings=128, bos_token_id=0, eos_token_id=1, pad_token_id=None)
LLAMA = dict(hidden_size=64, intermediate_size=64, num_attention_heads=4, num_key_value_heads=2)
NARROW = dict(hidden_size=32, intermediate_size=64, num_attention_heads=2, num_key_value_heads=1)
LLAMA3 = dict(rope_type="llama3", rope_theta=500000.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=32)

# name: (class, what its weights depend on, widths of the weights, {variant: what else its configuration says})
MODELS = {
    "llama": (LlamaConfig, LLAMA, ["F32", "F16", "BF16"], {
        "plain": {},
        "base": dict(rope_parameters=dict(rope_type="default", rope_theta=100000.0)),
        "linear": dict(rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=4.0)),
        "llama3": dict(rope_parameters=LLAMA3),
        "epsilon": dict(rms_norm_eps=0.05),
        "gelu": dict(hidden_act="gelu_pytorch_tanh"),
        "tanh": dict(hidden_act="tanh"),
    }),
    "llama-tied": (LlamaConfig, dict(NARROW, num_key_value_heads=2, tie_word_embeddings=True), ["F32"], {"plain": {}}),
    "llama-heads": (LlamaConfig, dict(LLAMA, num_attention_heads=2, num_key_value_heads=1, head_dim=16), ["BF16"], {"plain": {}}),
    "mistral": (MistralConfig, NARROW, ["F32"], {
        "plain": dict(sliding_window=None),
        "window": dict(sliding_window=40),
        "base": dict(sliding_window=None, rope_parameters=dict(rope_type="default", rope_theta=1000000.0)),
    }),
    "mistral-heads": (MistralConfig, dict(LLAMA, num_attention_heads=2, num_key_value_heads=1, head_dim=16), ["BF16"], {"plain": dict(sliding_window=None)}),
    "qwen2": (Qwen2Config, dict(NARROW, num_key_value_heads=2), ["F32", "BF16"], {
        "plain": dict(rope_parameters=dict(rope_type="default", rope_theta=1000000.0)),
        "window-off": dict(use_sliding_window=False, sliding_window=8, max_window_layers=1),
        "window": dict(use_sliding_window=True, sliding_window=40, max_window_layers=1),
    }),
    "qwen2-tied": (Qwen2Config, dict(NARROW, tie_word_embeddings=True), ["F32"], {"plain": {}}),
    "granite": (GraniteConfig, dict(NARROW, tie_word_embeddings=True), ["F32", "BF16"], {
        "plain": dict(embedding_multiplier=3.0, attention_multiplier=0.4, residual_multiplier=0.7, logits_scaling=0.5),
        "defaults": {},
    }),
    "gemma": (GemmaConfig, dict(hidden_size=48, intermediate_size=64, num_attention_heads=3, num_key_value_heads=1, head_dim=16), ["F32"], {"plain": {}}),
    "gemma-bf16": (GemmaConfig, dict(NARROW, head_dim=16), ["BF16"], {"plain": {}}),
    "gemma2": (Gemma2Config, dict(NARROW, head_dim=16), ["F32", "BF16"], {
        "plain": dict(query_pre_attn_scalar=24, attn_logit_softcapping=3.0, final_logit_softcapping=8.0, sliding_window=48),
        "uncapped": dict(query_pre_attn_scalar=16, attn_logit_softcapping=None, final_logit_softcapping=None, sliding_window=48),
        "defaults": dict(sliding_window=48),
    }),
}


def config_of(cls, shape, variant):
    return cls(**{**COMMON, **shape, **copy.deepcopy(variant)}, attn_implementation="eager")


def randomise(model, seed):
    """Weights large enough for positions, norms and biases to matter; norms and biases are random, too."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator)
            if "norm" in name:
                parameter.copy_((0.0 if "gemma" in model.config.model_type else 1.0) + 0.3 * noise)
            elif "embed" in name:
                # Where the same rows make the logits, large ones would only repeat the last token; a Gemma multiplies them besides.
                factor = 0.15 if "gemma" in model.config.model_type else 0.4 if model.config.tie_word_embeddings else 1.0
                parameter.copy_(factor * noise)
            elif name.endswith("bias"):
                parameter.copy_(0.5 * noise)
            else:
                parameter.copy_(noise * 2.0 / parameter.shape[1] ** 0.5)


def answers(model, prompt):
    tokens, logits, margin = [], [], float("inf")
    ids = list(prompt)
    with torch.no_grad():
        for _ in range(TOKENS):
            row = model(torch.tensor([ids])).logits[0, -1].double()
            best = torch.topk(row, 2)
            margin = min(margin, float(best.values[0] - best.values[1]))
            tokens.append(int(best.indices[0]))
            logits.append(row)
            ids.append(tokens[-1])
    return tokens, [[round(float(v), 6) for v in row] for row in (logits[0], logits[-1])], margin


def layout5(config, dtype):
    said = {k: v for k, v in config.to_diff_dict().items() if k not in ("_attn_implementation", "attn_implementation")}
    said.update(rope_parameters=config.rope_parameters, dtype=str(DTYPES[dtype]).split(".")[1], transformers_version=transformers.__version__)
    for key in ("rms_norm_eps", "hidden_act", "hidden_activation", "tie_word_embeddings", "num_key_value_heads", "head_dim", "bos_token_id", "eos_token_id", "max_position_embeddings"):
        if hasattr(config, key):
            said[key] = getattr(config, key)
    return said


def layout4(config, dtype):
    said = layout5(config, dtype)
    rope = dict(said.pop("rope_parameters"))
    said["rope_theta"] = rope.pop("rope_theta")
    kind = rope.get("rope_type", "default")
    if kind != "default":
        said["rope_scaling"] = rope
    elif config.model_type == "llama":
        said["rope_scaling"] = None
    said["torch_dtype"] = said.pop("dtype")
    said["transformers_version"] = "4.46.0"
    said.pop("layer_types", None)
    return said


def make(name, cls, shape, dtypes, variants, seed):
    """The weights by width, and the cases; None if some step is too close to call."""
    files, cases = {}, []
    for dtype in dtypes:
        model = None
        for variant, said in variants.items():
            # Other widths than the first need no more than one configuration: what differs is how weights are read.
            if dtype != dtypes[0] and variant != next(iter(variants)):
                continue
            config = config_of(cls, shape, said)
            model = AutoModelForCausalLM.from_config(config).float().eval()
            randomise(model, seed)
            with torch.no_grad():
                for parameter in model.parameters():
                    parameter.copy_(parameter.to(DTYPES[dtype]).float())
            prompt = torch.randint(2, VOCABULARY, (PROMPT,), generator=torch.Generator().manual_seed(seed + 1)).tolist()
            tokens, logits, margin = answers(model, prompt)
            if margin < MARGIN or len(set(tokens)) < 4:
                return None
            for layout, write in (("4", layout4), ("5", layout5)):
                cases.append(dict(name=f"{name}, {variant}, {dtype}, as transformers {layout}", weights=f"{name}-{dtype.lower()}.safetensors",
                                  config=write(config, dtype), prompt=prompt, tokens=tokens, logits=logits))
        state = model.state_dict()
        if model.config.tie_word_embeddings:
            state.pop("lm_head.weight", None)
        files[f"{name}-{dtype.lower()}.safetensors"] = {k: v.to(DTYPES[dtype]).contiguous() for k, v in state.items()}
    first = [c for c in cases if c["weights"] == cases[0]["weights"] and c["name"].endswith("4")]
    for i, a in enumerate(first):
        for b in first[:i]:
            same = a["logits"] == b["logits"]
            ignored = "window" in a["name"] or "window" in b["name"]
            if same and not ignored:
                raise SystemExit(f"{a['name']} and {b['name']} say the same")
    return files, cases


def tokenizer():
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())[: VOCABULARY - 2]
    made = Tokenizer(models.BPE(vocab={"<s>": 0, "</s>": 1, **{c: i + 2 for i, c in enumerate(alphabet)}}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(["<s>", "</s>"])
    return made


def main(target):
    torch.set_num_threads(1)
    os.makedirs(target, exist_ok=True)
    everything = []
    for name, (cls, shape, dtypes, variants) in MODELS.items():
        seed = SEEDS.get(name, 0)
        while (made := make(name, cls, shape, dtypes, variants, seed)) is None:
            seed += 2
        files, cases = made
        print(name, "seed", seed, len(cases), "cases", flush=True)
        for file, tensors in files.items():
            save_file(tensors, os.path.join(target, file), metadata={"format": "pt"})
        everything += cases
    tokenizer().save(os.path.join(target, "tokenizer.json"))
    with open(os.path.join(target, "cases.json"), "w") as out:
        out.write("[\n" + ",\n".join(json.dumps(case) for case in everything) + "\n]\n")


main(sys.argv[1])
