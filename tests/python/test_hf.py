"""transformers over Rattan: tiny random models say the same tokens as with sdpa when nothing is left out."""
import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

import rattan.hf  # noqa: E402

SHAPE = dict(vocab_size=97, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
             num_key_value_heads=2, max_position_embeddings=4096, head_dim=16)
CONFIGS = {
    "llama": lambda: transformers.LlamaConfig(**SHAPE),
    "smollm2": lambda: transformers.LlamaConfig(**{**SHAPE, "num_attention_heads": 9, "num_key_value_heads": 3, "hidden_size": 144},
                                                tie_word_embeddings=True),
    "qwen2": lambda: transformers.Qwen2Config(**{**SHAPE, "num_attention_heads": 14, "hidden_size": 224}),
    "qwen3": lambda: transformers.Qwen3Config(**{**SHAPE, "head_dim": 32}),
    "gemma3": lambda: transformers.Gemma3TextConfig(**{**SHAPE, "num_attention_heads": 4, "num_key_value_heads": 1}, sliding_window=16,
                                                    layer_types=["sliding_attention", "full_attention", "full_attention"]),
}


def make_model(name="qwen2", dtype=torch.float32, seed=0):
    torch.manual_seed(seed)
    config = CONFIGS[name]()
    config.eos_token_id = config.pad_token_id = None
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=dtype)
    with torch.no_grad():  # larger weights: attention that looks somewhere
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4)
    return model.eval()


def prompt(tokens, batch=1, seed=1):
    return torch.randint(0, 97, (batch, tokens), generator=torch.Generator().manual_seed(seed))


def generate(model, ids, tokens=12, **options):
    return model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=tokens, do_sample=False, **options)


EXACT = dict(kind="flat", build_at=0)


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("chunk", [None, 64])
def test_greedy_tokens_are_those_of_sdpa(name, chunk):
    model, ids = make_model(name), prompt(200)
    options = {} if chunk is None else {"prefill_chunk_size": chunk}
    want = generate(model, ids)
    with rattan.hf.attach(model, **EXACT) as attached:
        assert torch.equal(generate(model, ids, **options), want)
        layers = sum(kind == "full_attention" for kind in getattr(model.config, "layer_types", None) or ["full_attention"] * 3)
        stats = attached.last_cache.stats()
        assert stats["steps"] == 11 * model.config.num_attention_heads * layers
        assert len(attached.last_cache.report()) == layers * model.config.num_key_value_heads
    assert torch.equal(generate(model, ids), want)  # detached


def test_tokens_are_the_same_while_indexes_are_built():
    model, ids = make_model(), prompt(300)
    want = generate(model, ids)
    for background in (False, True):
        with rattan.hf.attach(model, **EXACT, background_build=background):
            assert torch.equal(generate(model, ids), want)


def test_what_was_built_beside_is_what_is_built_at_once():
    model, ids = make_model(), prompt(5200)
    found = {}
    for background in (False, True):
        with rattan.hf.attach(model, kind="graph", build_at=0, k=32, background_build=background) as attached:
            cache = attached.cache()
            with torch.no_grad():
                model(ids[:, :-2], cache=cache)
                model(ids[:, -2:-1], cache=cache)
                cache.wait_for_builds()
                found[background] = model(ids[:, -1:], cache=cache).logits[0, -1]
            assert cache.build_progress()[0] == 0
            stats = cache.stats()
            assert stats["building"] == 0 and (stats["background_seconds"] > 0) == background and stats["build_seconds"] > 0
            assert {row["kind"] for row in cache.report()} == {"graph"}
            cache.drop_contexts()
    # The token in between was decoded by codes: its rows differ a little.
    assert (found[True] - found[False]).abs().max() < 0.05 * found[False].abs().max()


def test_logits_are_those_of_sdpa():
    model, ids = make_model(), prompt(300)
    with torch.no_grad():
        want = model(ids).logits[0, -1]
        with rattan.hf.attach(model, **EXACT) as attached:
            cache = attached.cache()
            model(ids[:, :-5], cache=cache)
            model(ids[:, -5:-2], cache=cache)  # nothing is built yet: a second chunk
            model(ids[:, -2:-1], cache=cache)
            assert cache.built and cache.built_tokens == 298
            got = model(ids[:, -1:], cache=cache).logits[0, -1]
    assert (got - want).abs().max() < 1e-3 * want.abs().max()


def test_several_turns_on_one_cache():
    model = make_model()
    first, second, third = prompt(150), prompt(40, seed=2), prompt(600, seed=3)
    with rattan.hf.attach(model, **EXACT) as attached:
        cache = attached.cache()
        said = generate(model, first, cache=cache)
        said = generate(model, torch.cat([said, second], 1), cache=cache)
        assert cache.built_tokens == 150  # the second turn is appended
        said = generate(model, torch.cat([said, third], 1), cache=cache)
        assert cache.built_tokens > 700  # the third is most of all: built anew
    want = generate(model, first)
    want = generate(model, torch.cat([want, second], 1))
    want = generate(model, torch.cat([want, third], 1))
    assert torch.equal(said, want)


def test_speculative_chunks_and_crop():
    model, ids = make_model(), prompt(200)
    with torch.no_grad():
        want = model(ids).logits[0]
        with rattan.hf.attach(model, **EXACT) as attached:
            cache = attached.cache()
            model(ids[:, :150], cache=cache)
            model(ids[:, 150:151], cache=cache)
            got = model(ids[:, 151:156], cache=cache).logits[0]
            assert (got - want[151:156]).abs().max() < 1e-3 * want.abs().max()
            model(prompt(4, seed=9), cache=cache)  # a wrong guess
            cache.crop(-4)
            assert cache.get_seq_length() == 156
            got = model(ids[:, 156:157], cache=cache).logits[0, -1]
            assert (got - want[156]).abs().max() < 1e-3 * want.abs().max()
            cache.crop(-57)  # into the prefill
            got = model(ids[:, 100:101], cache=cache).logits[0, -1]
            assert (got - want[100]).abs().max() < 1e-3 * want.abs().max()


def test_assisted_generation():
    model, assistant, ids = make_model(), make_model(seed=5), prompt(120)
    want = generate(model, ids)
    with rattan.hf.attach(model, **EXACT):
        assert torch.equal(generate(model, ids, assistant_model=assistant), want)


def test_batches_and_beams():
    model, ids = make_model("llama"), prompt(180, batch=3)
    want, beams = generate(model, ids), generate(model, ids[:1], num_beams=4)
    sequences = generate(model, ids[:2], num_beams=3, num_return_sequences=2)
    with rattan.hf.attach(model, **EXACT) as attached:
        assert torch.equal(generate(model, ids), want)
        assert torch.equal(generate(model, ids[:1], num_beams=4), beams)
        rows = attached.last_cache.own[0].rows
        assert len({one.prefix_keys.data_ptr() for one in rows}) == 1  # one prompt, stored once
        assert torch.equal(generate(model, ids[:2], num_beams=3, num_return_sequences=2), sequences)


def test_padding_is_refused():
    model, ids = make_model(), prompt(50, batch=2)
    mask = torch.ones_like(ids)
    mask[0, :10] = 0
    with rattan.hf.attach(model, **EXACT), pytest.raises(ValueError, match="padding"):
        model.generate(ids, attention_mask=mask, max_new_tokens=3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_models(dtype):
    model, ids = make_model("qwen3", dtype), prompt(100)
    with torch.no_grad():
        want = model(ids).logits[0, -1].float()
        with rattan.hf.attach(model, **EXACT) as attached:
            cache = attached.cache()
            model(ids[:, :-1], cache=cache)
            got = model(ids[:, -1:], cache=cache).logits[0, -1].float()
            assert cache.own[0].rows[0].prefix_keys.dtype == dtype
    assert (got - want).norm() < 0.05 * want.norm()


def test_half_storage_of_a_full_model():
    model, ids = make_model(), prompt(100)
    with torch.no_grad(), rattan.hf.attach(model, **EXACT, dtype="f16") as attached:
        want = model(ids).logits[0, -1]
        cache = attached.cache()
        model(ids[:, :60], cache=cache)
        model(ids[:, 60:-1], cache=cache)
        got = model(ids[:, -1:], cache=cache).logits[0, -1]
        assert cache.own[0].rows[0].prefix_keys.dtype == torch.float16
    assert (got - want).norm() < 0.02 * want.norm()


def test_retrieval_and_growth():
    """Few keys of many: near to full attention, far fewer keys read; and the graph grows while tokens come."""
    model, ids = make_model("llama"), prompt(3000)
    want = generate(model, ids, 4)
    with rattan.hf.attach(model, build_at=1000, kind="graph", k=64, sinks=16, recent=64, seal_after=64,
                            background_build=False) as attached:
        generate(model, ids, 300)
        cache = attached.last_cache
        stats = cache.stats()
        assert stats["keys_scored"] < 0.5 * stats["keys_visible"]
        assert {row["kind"] for row in cache.report()} == {"graph"}
        assert sum(row["sealed_tokens"] for row in cache.report()) > 0
        assert sum(cache.memory().values()) > cache.memory()["keys and values"] > 0
    assert want.shape[1] == 3004


def test_short_prompts_need_no_context():
    model, ids = make_model(), prompt(60)
    want = generate(model, ids)
    with rattan.hf.attach(model) as attached:
        assert torch.equal(generate(model, ids), want)
        assert not attached.last_cache.built and attached.last_cache.stats() == {}


def test_evidence_is_thinned():
    from rattan.hf._evidence import Evidence
    evidence = Evidence(100)
    rows = torch.arange(1000.).reshape(1, 1000, 1)
    for begin in range(0, 1000, 37):
        evidence.add(rows[:, begin:begin + 37], begin)
    queries, positions = evidence.take()
    assert 100 <= len(positions) <= 200 and (np.diff(positions) == np.diff(positions)[0]).all()
    assert queries[0, :, 0].tolist() == positions.tolist()


def test_models_that_are_refused():
    model = make_model()
    model.config.attn_logit_softcapping = 30.0
    with pytest.raises(ValueError, match="softcapping"):
        rattan.hf.attach(model)
    model.config.attn_logit_softcapping = None
    with rattan.hf.attach(model, **EXACT) as attached, pytest.raises(ValueError, match="cache_implementation"):
        generate(model, prompt(10), cache_implementation="static")
    with pytest.raises(ValueError, match="dtype"):
        rattan.hf.attach(model, dtype="f8")
