#!/usr/bin/env python3
"""Makes tokenizers/ of the tests: small tokenizer.json files built as those of well-known families, and what the library makes of texts.

    tokenizers_expected.py OUT      needs tokenizers and transformers; made with 0.23.3 and 5.24.0

Each family has the normalizers, pre-tokenizers, decoders, post-processors and flags of its tokenizer.json; the vocabularies are trained on
the texts below. FAMILY.expected.json has the ids of each text of texts.json and the text of the ids, and for sequences at random the
text of the whole. transformers is asked as well, and must agree.
"""
import json
import random
import sys
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
QWEN2 = LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+"
          r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK = (r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CJK = "[一-龥぀-ゟ゠-ヿ]+"

TEXTS = [
    "The quick brown fox doesn't jump; it's what they've said, and I'd agree.",
    "Die Straße führt über die Brücke, größer als zuvor — ‚so‘ sagt man.",
    "Le garçon a mangé une crêpe à l'école, où l'œuvre naïve plaît.",
    "Столица России — это город Москва, где живёт много людей.",
    "Η πρωτεύουσα της Ελλάδας είναι η Αθήνα· όλα τα άλλα ΕΊΝΑΙ κοντά.",
    "العاصمة هي مدينة كبيرة، وَالكِتَابُ جَمِيلٌ.",
    "הבירה של ישראל היא ירושלים, שָׁלוֹם לכולם.",
    "भारत की राजधानी नई दिल्ली है, और यह बहुत बड़ी है।",
    "เมืองหลวงของประเทศไทยคือกรุงเทพมหานคร",
    "中国的首都是北京，人口超过两千万。",
    "日本の首都は東京です。カタカナもひらがなも漢字もある。",
    "대한민국의 수도는 서울입니다. 한국어도 있어요.",
    "Emoji: 🏃‍♀️ 🇫🇷 👩‍👩‍👧 👍🏽 and 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈",
    "Cafe\u0301 and caf\u00e9, A\u030a and \u00c5 and \u212b, n\u0303o, \u1e9b\u0323",
    "Full width: １２３ＡＢＣ　ｘ, half: ｶﾀｶﾅ, ligature: ﬁ ﬂ, ①②③, ½",
    "def f(x):\n\tif x:\n\t\treturn  x\n    # four, then        eight blanks\n\n\n\nf(1)\n",
    "Line ends:\r\nCRLF\r\n\r\nand\rCR alone\n  \r\n\t \n",
    "  leading, trailing  ",
    " one",
    "\n",
    " ",
    "",
    "Numbers: 0 12 345 6789 12345678 3.14159 1,000,000 1e-9 0xFF 2024-11-27",
    "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n",
    "<s>a</s> <unk> <bos>b<eos> <|begin_of_text|>c<|end_of_text|> <｜begin▁of▁sentence｜>d<start_of_turn> <pad>",
    "▁lower one eighth block ▁▁ and Ġ Ċ ĉ",
    "<0x41><0x0A> are no bytes here, and neither is \\u0041",
    "\u0000 NUL, \u007f DEL, \u00ad soft hyphen, \u200b zero width, \ufeff BOM, \ufffd replacement, \ue000 private, \u2028 separator",
    "x" * 100 + " " * 40 + "=" * 30 + "ab" * 20,
    "İstanbul ISTANBUL ıi ǅ ß ẞ ſ Ω Ω",
    "mixed 中文English混合123テキスト텍스트русский",
    "URL: https://example.org/a_b-c?d=e&f=%20#g; mail: a.b+c@example.org; path: C:\\Users\\x",
]


def byte_level(family, pattern, special, size=700, *, post=None, normalizer=None, extra=(), ignore_merges=False, digits=None):
    """A byte-level BPE with its text split by patterns first."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    splits = [pre_tokenizers.Split(Regex(p), "isolated") for p in (digits or [])]
    splits += [pre_tokenizers.Split(Regex(p), behavior) for p, behavior in pattern]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        splits + [pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel()
    train(tokenizer, size, alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in extra])
    tokenizer.post_processor = post(tokenizer) if post else processors.ByteLevel(trim_offsets=False)
    return tokenizer


def train(tokenizer, size, alphabet=(), special=()):
    tokenizer.train_from_iterator(TEXTS * 3, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=list(alphabet), special_tokens=list(special), show_progress=False, min_frequency=2))


def begins(token, also_byte_level):
    def post(tokenizer):
        template = processors.TemplateProcessing(
            single=f"{token} $A", pair=f"{token} $A {token}:1 $B:1", special_tokens=[(token, tokenizer.token_to_id(token))])
        return processors.Sequence([processors.ByteLevel(trim_offsets=False), template]) if also_byte_level else template
    return post


def pieces(special, *, normalizer, pre=None, decoder, post=None, extra=()):
    """SentencePiece's kind: blanks are marked, what the vocabulary lacks is spelled out in bytes."""
    plain = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    plain.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    seen = sorted({c for text in TEXTS[:3] + TEXTS[9:10] for c in text} - {"\t", "\n", "\r"})
    train(plain, 900, special=list(special) + [f"<0x{i:02X}>" for i in range(256)], alphabet=["▁"] + seen)
    state = json.loads(plain.to_str())
    # Only the letters of a few languages have pieces of their own.
    known = set(seen) | {"▁"}
    keep = [t for t in sorted(state["model"]["vocab"], key=state["model"]["vocab"].get)
            if t in special or t.startswith("<0x") or set(t) <= known]
    vocab = {token: i for i, token in enumerate(keep)}
    merges = [m for m in state["model"]["merges"] if all(p in vocab for p in m) and "".join(m) in vocab]
    tokenizer = Tokenizer(models.BPE(vocab, [tuple(m) for m in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre:
        tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoder
    tokenizer.add_special_tokens([AddedToken(token, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in extra])
    tokenizer.post_processor = post(tokenizer)
    return tokenizer


def families():
    spelled = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    yield "llama3", byte_level(
        "llama3", [(LLAMA3, "isolated")], ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"],
        post=begins("<|begin_of_text|>", True), ignore_merges=True)
    yield "qwen2.5", byte_level(
        "qwen2.5", [(QWEN2, "isolated")], ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], normalizer=normalizers.NFC(),
        extra=["<tool_call>", "</tool_call>"])
    yield "mistral-v1", pieces(
        ["<unk>", "<s>", "</s>"], normalizer=normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]),
        decoder=decoders.Sequence(spelled + [decoders.Strip(" ", 1, 0)]), post=begins("<s>", False))
    yield "mistral-metaspace", pieces(
        ["<unk>", "<s>", "</s>"], normalizer=None,
        pre=pre_tokenizers.Metaspace(prepend_scheme="first", split=False),
        decoder=decoders.Sequence(spelled + [decoders.Strip(" ", 1, 0)]), post=begins("<s>", False))
    yield "mistral-tekken", byte_level(
        "tekken", [(TEKKEN, "isolated")], ["<unk>", "<s>", "</s>", "[INST]", "[/INST]"], post=begins("<s>", False),
        ignore_merges=True)
    yield "gemma", pieces(
        ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"], normalizer=normalizers.Replace(" ", "▁"),
        pre=pre_tokenizers.Split(" ", "merged_with_previous"), decoder=decoders.Sequence(spelled), post=begins("<bos>", False),
        extra=["\n\n", "▁▁", "▁▁▁▁"])
    yield "falcon3", falcon3()
    yield "deepseek-qwen", byte_level(
        "deepseek", [(QWEN2, "isolated")], ["<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜begin▁of▁sentence｜>"],
        normalizer=normalizers.NFC(), post=begins("<｜begin▁of▁sentence｜>", False), extra=["<think>", "</think>"])
    yield "deepseek-v3", byte_level(
        "deepseek-v3", [(CJK, "isolated"), (DEEPSEEK, "isolated")], ["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"],
        digits=[r"\p{N}{1,3}"], normalizer=normalizers.Sequence([]), post=begins("<｜begin▁of▁sentence｜>", True))
    yield "gpt2", gpt2()


def falcon3():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")])
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=True)
    train(tokenizer, 700, alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.add_special_tokens([AddedToken(t, normalized=False) for t in (">>TITLE<<", "<|assistant|>", "<|user|>", "<|endoftext|>")])
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=True, trim_offsets=False)
    return tokenizer


def gpt2():
    """A top-level ByteLevel, as GPT-2, Granite and SmolLM2 have it, and tokens that take the blanks around them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    train(tokenizer, 600, alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.add_special_tokens([AddedToken("<|endoftext|>", lstrip=True, rstrip=True, normalized=False)])
    tokenizer.add_tokens([AddedToken("user", single_word=True)])
    return tokenizer


def sequences(tokenizer, rng):
    """Tokens as no encoder would give them: bytes that are no text, pieces of letters, marks between them."""
    size = tokenizer.get_vocab_size()
    by_bytes = [tokenizer.token_to_id(f"<0x{i:02X}>") for i in range(256)]
    some = by_bytes if by_bytes[0] is not None else list(range(0, 260))
    marks = [i for i, token in tokenizer.get_added_tokens_decoder().items()]
    for n in range(40):
        choose = [lambda: rng.randrange(size), lambda: rng.choice(some), lambda: rng.choice(marks)]
        yield [rng.choices(choose, (2, n % 4, 1))[0]() for _ in range(rng.randrange(1, 25))]
    for text in TEXTS:
        # From the middle of a text on, and up to the middle of a letter.
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        if len(ids) > 3:
            yield ids[len(ids) // 3:-1]


def main():
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    write(out / "texts.json", TEXTS)
    for name, tokenizer in families():
        file = out / f"{name}.json"
        state = json.loads(tokenizer.to_str())
        file.write_text(json.dumps(state, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
        tokenizer = Tokenizer.from_file(str(file))
        ids = [tokenizer.encode(text).ids for text in TEXTS]
        (out / "tokenizer.json").write_bytes(file.read_bytes())
        other = AutoTokenizer.from_pretrained(out)
        assert ids == [other(text)["input_ids"] for text in TEXTS], name
        (out / "tokenizer.json").unlink()
        some = list(sequences(tokenizer, random.Random(name)))
        write(out / f"{name}.expected.json", {
            "size": tokenizer.get_vocab_size(), "ids": ids, "decoded": [tokenizer.decode(i) for i in ids],
            "sequences": [{"ids": i, "decoded": tokenizer.decode(i)} for i in some]})
        print(name, tokenizer.get_vocab_size(), file.stat().st_size, sum(map(len, ids)))


def write(file, content):
    file.write_text(json.dumps(content, ensure_ascii=True, separators=(",", ":")), encoding="ascii")


if __name__ == "__main__":
    main()
