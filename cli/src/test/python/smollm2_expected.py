#!/usr/bin/env python3
"""Makes smollm2.json of the tests: what transformers computes with the model that smollm2.py writes.

    smollm2_expected.py GGUF MODEL OUT      MODEL is what smollm2.py wrote; some ten minutes on one core

Needs torch, transformers and accelerate; made with transformers 5.24.0 and torch 2.15.0 on a processor. First it checks that
MODEL is what transformers itself makes of the GGUF file: tokenizer and weights, bit for bit.
"""
import json
import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

TOKENS = 64


def chat(text):
    return f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"


PROMPTS = {
    "prose": [
        "The capital of France is",
        "Once upon a time, in a village between two mountains, there lived a clockmaker who",
        "  Two leading blanks, a tab\tand\r\ntwo kinds of line ends.\n\nThen",
        chat("Name the capital of France."),
        chat("What is the opposite of hot? Answer with one word."),
        chat("Write one sentence about the sea."),
    ],
    "code": [
        "def fibonacci(n):\n    \"\"\"Returns the n-th number.\"\"\"\n    if n < 2:\n        return n\n",
        "public static int sum(int[] values) {\n\tint total = 0;\n\tfor (int value : values) {\n",
        "SELECT name, COUNT(*) FROM orders WHERE price > 10.50 GROUP BY",
        "#include <stdio.h>\n\nint main(void) {\n    printf(\"",
    ],
    "numbers": [
        "1, 1, 2, 3, 5, 8, 13, 21,",
        "3.14159265358979 and 2.718281828 are",
        "12345 + 67890 =",
        chat("What is 2 + 2?"),
    ],
    "scripts": [
        "Die Straße führt über die Brücke, und dahinter",
        "Le garçon a mangé une crêpe à l'école, puis",
        "Столица России — это город",
        "日本の首都は東京です。中国的首都是",
        "العاصمة هي مدينة",
        "Emoji: 🏃‍♀️🇫🇷👩‍👩‍👧, e\u0301 and é, １２３ full width:",
    ],
}


def check(gguf: Path, model: Path):
    theirs = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32).state_dict()
    theirs.pop("lm_head.weight")
    for name, dtype in (("f32", torch.float32), ("bf16", torch.bfloat16)):
        ours = load_file(model / name / "model.safetensors")
        assert ours.keys() == theirs.keys()
        assert all(torch.equal(ours[key], theirs[key].to(dtype)) for key in ours), name
    made = AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).backend_tokenizer.to_str()
    assert json.loads(made) == json.loads((model / "f32/tokenizer.json").read_text(encoding="utf-8"))


@torch.no_grad()
def greedy(model, ids):
    out = model.generate(torch.tensor([ids]), attention_mask=torch.ones(1, len(ids), dtype=torch.long), do_sample=False,
                         max_new_tokens=TOKENS, output_scores=True, return_dict_in_generate=True)
    tokens = out.sequences[0, len(ids):].tolist()
    # How near the second likeliest came: where two ways to add floats may differ, and where not.
    nearest = min(float(-torch.diff(torch.topk(score[0], 2).values)) for score in out.scores)
    return tokens, nearest


def main():
    gguf, model, out = (Path(a) for a in sys.argv[1:])
    torch.set_num_threads(1)
    check(gguf, model)
    tokenizer = AutoTokenizer.from_pretrained(model / "f32")
    cases = [{"kind": kind, "prompt": prompt, "ids": tokenizer(prompt)["input_ids"]}
             for kind, prompts in PROMPTS.items() for prompt in prompts]
    for name in ("f32", "bf16"):
        computed = AutoModelForCausalLM.from_pretrained(model / name, dtype=torch.float32)
        for case in cases:
            tokens, nearest = greedy(computed, case["ids"])
            case[name] = {"tokens": tokens, "text": tokenizer.decode(tokens, skip_special_tokens=True),
                          "nearest": round(nearest, 6)}
            print(name, repr(case["prompt"][:30]), len(tokens), round(nearest, 5), repr(case[name]["text"][:60]), flush=True)
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases)
    out.write_text(f"[\n{lines}\n]\n", encoding="ascii")


if __name__ == "__main__":
    main()
