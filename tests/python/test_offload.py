"""Co-execution on the CPU as the device: what full attention gives, by every way of attention."""
import json

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="rattan.offload needs torch")

import rattan  # noqa: E402
from rattan import offload  # noqa: E402
from rattan.offload import _linear, _prefill  # noqa: E402

CPU = torch.device("cpu")
DEVICES = [CPU] + [torch.device("cuda")] * torch.cuda.is_available()
WINDOW = offload.Window(sinks=4, recent=16, block=8)


def tokens_of(count, seed=1):
    return torch.randint(0, 97, (count,), generator=torch.Generator().manual_seed(seed))


def tiny(kind="f32", device=CPU):
    return offload.random_model(offload.SHAPES["tiny"], device, kind)


def logits_of(model, ids):
    """By one prefill of all tokens: torch's own causal attention."""
    with torch.no_grad():
        last = _prefill.prefill(model, ids, torch.arange(0), lambda *made: None, rows=64)
        return model.head(_linear.rms(last, model.norm, model.shape.eps))[0]


@pytest.mark.parametrize("way", ["rattan", "cpu-flat", "full-fetched", "full-device"])
@pytest.mark.parametrize("tokens", [2, 19, 300])
@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_every_way_is_full_attention(device, way, tokens):
    model, ids = tiny(device=device), tokens_of(tokens + 40)
    session = offload.Session(model, tokens, 40, window=WINDOW, kind="flat")
    assert torch.allclose(session.prefill(ids[:tokens]), logits_of(model, ids[:tokens]), atol=1e-4)
    decode = session.decoder(way)
    for at in range(tokens, tokens + 40):  # the window passes its oldest to the contexts several times
        logits = decode(int(ids[at]))
        if at % 13 == 0 or at == tokens + 39:
            assert torch.allclose(logits, logits_of(model, ids[:at + 1]), atol=2e-4), at
    session.close()


@pytest.mark.parametrize("links", ["cpu", "torch"] + ["cuda"] * rattan.cuda_available()[0])
@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_retrieval_and_its_errors(device, links):
    model, ids = tiny("bf16" if links == "cuda" else "f32", device), tokens_of(3000)
    session = offload.Session(model, 3000, 8, window=WINDOW, kind="graph", k=256, link_queries=2000,
                              links=offload.TorchTopK(str(device)) if links == "torch" else links)
    session.prefill(ids)
    report = session.report()
    assert report["kinds"] == {"graph": 6} and report["recall"] > 0.9 and report["index_bytes"] > 0
    assert {"reserve", "prefill", "wait", "build", "build: links"} <= set(session.seconds)
    decode = session.decoder("rattan")
    errors = session.output_errors(decode, [0, 2])
    assert len(errors) == 2 and max(errors) < 0.5
    decode.timeline.running = True
    decode()
    parts = decode.timeline.milliseconds()
    assert {"projections", "window", "wait", "retrieve", "merge"} == set(parts) and min(parts.values()) >= 0
    stats = session.contexts[0].stats()
    assert stats["keys_retrieved"] < stats["keys_visible"]


def test_tokens_are_decoded_while_indexes_are_built(tmp_path):
    model, ids = tiny(), tokens_of(3000)
    made = {}
    for background in (False, True):
        session = offload.Session(model, 3000, 8, window=WINDOW, kind="graph", k=64, link_queries=2000, background_build=background)
        session.prefill(ids)
        if background:
            decode = session.decoder("rattan")
            assert torch.isfinite(decode()).all()
            session.finish_builds()
            assert session.building == 0 and session.seconds["built"] >= session.seconds["prefill"]
        made[background] = session.decoder("rattan")(5).clone()
        assert session.report()["kinds"] == {"graph": 6}
        session.close()
    assert torch.equal(made[True], made[False])
    with pytest.raises(ValueError, match="background_build"):
        offload.Session(model, 3000, 8, distinct_layers=1, stand_in=object(), background_build=True)


def test_the_command_tells_what_the_first_tokens_took(tmp_path, capsys):
    from rattan.offload.__main__ import main
    assert main(["--model", "tiny", "--weights", "f32", "--tokens", "3000", "--steps", "6", "--ways", "rattan", "--kind", "graph", "--k", "32",
                 "--window", "4,16,8", "--device", "cpu", "--background", "--format", "json"]) == 0
    rows = {row["way"]: row for row in json.loads(capsys.readouterr().out)["rows"]}
    row = rows["while building"]
    assert row["first token s"] <= row["built s"] + 1 and row["kinds"] == {"graph": 6}
    assert len(row["first ms"]) == min(8, row["decoded"])
    assert main(["--model", "tiny", "--weights", "f32", "--tokens", "3000", "--steps", "6", "--ways", "rattan", "--kind", "graph",
                 "--window", "4,16,8", "--device", "cpu", "--background"]) == 0
    assert "all indexes stand" in capsys.readouterr().out


def test_greedy_tokens_follow_each_other():
    model, ids = tiny(), tokens_of(100)
    session = offload.Session(model, 100, 6, window=WINDOW, kind="flat")
    session.prefill(ids)
    decode, said = session.decoder("rattan"), ids.tolist()
    for _ in range(6):
        said.append(int(session.step.token))
        decode()
        assert int(logits_of(model, torch.tensor(said)).argmax()) == int(session.step.token)


@pytest.mark.parametrize("device", DEVICES, ids=str)
def test_eight_bit_weights(device):
    model = tiny("int8", device)
    ids = tokens_of(60)
    session = offload.Session(model, 50, 10, window=WINDOW, kind="flat")
    session.prefill(ids[:50])
    decode = session.decoder("rattan")
    for at in range(50, 60):
        logits = decode(int(ids[at]))
    want = logits_of(model, ids)
    assert (logits - want).norm() < 0.1 * want.norm()
    weight, x = torch.randn(40, 24, device=device), torch.randn(3, 24, device=device)
    matrix = _linear.Int8.of(weight)
    assert torch.allclose(matrix(x), x @ weight.T, atol=0.2)
    assert torch.allclose(matrix.rows(8, 16)(x[:1]), matrix(x)[:1, 8:16], atol=1e-5)


def make_dump(folder, tokens=400, layers=2, dim=16):
    from rattan import dump
    random = np.random.default_rng(3)
    for number in range(layers):
        q, k, v = (random.standard_normal((heads, tokens, dim), dtype=np.float32) for heads in (6, 2, 2))
        dump.write_layer(str(folder), dump.Layer(number, tokens - 20, 0.25, "f32", q, k, v, np.arange(tokens)))


def test_a_stand_in_and_copied_layers(tmp_path):
    make_dump(tmp_path)
    model = tiny()
    for tokens in (200, 380, 700):  # before, at and behind the end of the dump's prefill
        stand_in = offload.StandIn(str(tmp_path), model.shape, tokens, 10)
        session = offload.Session(model, tokens, 10, window=WINDOW, stand_in=stand_in, distinct_layers=2, kind="flat")
        session.prefill(tokens_of(tokens) if tokens < 700 else None)
        assert len(session.contexts) == 2 and torch.equal(session.store.keys[2], session.store.keys[0])
        want = session.decoder("full-device")
        wanted = [want(0).clone() for _ in range(3)]
        found = session.decoder("rattan")
        for logits in wanted:
            assert torch.allclose(found(0), logits, atol=2e-4)
        assert session.output_errors(found, [1])[0] < 1e-5
    with pytest.raises(ValueError, match="heads: .* needed are d = 16"):
        make_dump(tmp_path / "other", dim=8)
        offload.StandIn(str(tmp_path / "other"), model.shape, 200, 10)
    with pytest.raises(ValueError, match="distinct_layers"):
        offload.Session(model, 100, 5, distinct_layers=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, "bf16"])
def test_links_by_torch(dtype):
    random = np.random.default_rng(5)
    keys, queries = (torch.from_numpy(random.standard_normal((rows, 16), dtype=np.float32)) for rows in (500, 90))
    kind = torch.bfloat16 if dtype == "bf16" else torch.from_numpy(np.zeros(0, dtype)).dtype
    keys, queries = keys.to(kind), queries.to(kind)
    plain = [rows.view(torch.int16).numpy().view(np.uint16) if dtype == "bf16" else rows.numpy() for rows in (queries, keys)]
    positions = np.linspace(30, 520, 90).astype(np.int64)
    ids, scores = offload.TorchTopK("cpu", memory=1 << 16)(*plain, 40, (10, 480), positions, 25)
    want = rattan.exact_topk(queries, keys, 40, positions=positions, recent=25, candidate_range=(10, 480))
    assert np.array_equal(ids, want.ids) and np.allclose(scores, want.scores, atol=1e-5)


def test_a_context_whose_links_a_callable_finds():
    random = np.random.default_rng(6)
    keys, values, queries = (random.standard_normal((1, 2500, 16), dtype=np.float32) for _ in range(3))
    called, by_cpu = (rattan.Context(1, 1, 1, 16, dtype="f32", kind="graph", sinks=4, recent=16, device=device)
                      for device in (offload.TorchTopK("cpu"), "cpu"))
    for context in (called, by_cpu):
        context.build_layer(0, keys, values, queries)
    step = random.standard_normal((1, 16), dtype=np.float32)
    assert np.array_equal(called.decode(0, step)[0], by_cpu.decode(0, step)[0])

    def broken(*arguments):
        raise KeyError("no links today")

    with pytest.raises(rattan.Error, match="no links today"):
        rattan.Context(1, 1, 1, 16, dtype="f32", kind="graph", sinks=4, recent=16, device=broken).build_layer(0, keys, values, queries)


def test_a_folder_of_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    config = transformers.Qwen2Config(vocab_size=97, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
                                      num_key_value_heads=2, max_position_embeddings=64, rope_scaling={
                                          "rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64})
    torch.manual_seed(2)
    theirs = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    theirs.save_pretrained(tmp_path)
    ids = tokens_of(120)
    with torch.no_grad():
        want = theirs(ids[None]).logits[0, -1]
    model = offload.load_model(str(tmp_path), CPU, "f32")
    assert model.shape.yarn == 4 and torch.allclose(logits_of(model, ids), want, atol=1e-4)
    with pytest.raises(ValueError, match="neither a .gguf file nor a folder"):
        offload.load_model(str(tmp_path / "none"), CPU)
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gemma3"}))
    with pytest.raises(ValueError, match="gemma3"):
        offload.load_model(str(tmp_path), CPU)


def test_the_command(tmp_path, capsys):
    from rattan.offload.__main__ import bytes_of, main
    make_dump(tmp_path / "heads")
    common = ["--model", "tiny", "--weights", "f32", "--device", "cpu", "--steps", "6", "--window", "4,16,8"]
    assert main(common + ["--tokens", "200,380", "--heads", str(tmp_path / "heads"), "--distinct-layers", "2", "--errors", "-o",
                          str(tmp_path / "found.json"), "--format", "json", "--kind", "flat"]) == 0
    found = json.loads((tmp_path / "found.json").read_text())
    assert [row["way"] for row in found["rows"]] == 2 * ["prompt", "rattan", "error of attention", "cpu-flat", "full-fetched", "full-device"]
    assert set(found["growth"]) == {"rattan", "cpu-flat", "full-fetched", "full-device"}
    assert found["rows"][2]["largest"] < 1e-4
    assert main(common + ["--tokens", "60", "--ways", "none", "--save-heads", str(tmp_path / "saved")]) == 0
    assert main(common + ["--tokens", "380", "--heads", str(tmp_path / "heads"), "--distinct-layers", "2", "--ways", "rattan", "--also",
                          "f32:1GiB", "--skip-prefill", "-o", str(tmp_path / "found.json"), "--format", "json"]) == 0
    assert [row["way"] for row in json.loads((tmp_path / "found.json").read_text())["rows"]] == 2 * ["prompt", "rattan"]
    np.save(tmp_path / "ids.npy", tokens_of(100).numpy().astype(np.int32))
    assert main(common + ["--tokens", "60", "--nll", "--text", str(tmp_path / "ids.npy"), "--ways", "rattan,full-device"]) == 0
    lines = [line.split("|") for line in capsys.readouterr().out.splitlines() if line.startswith("| 60 |")]
    assert [line[2].strip() for line in lines] == ["rattan", "full-device"] and lines[0][6] == lines[1][6] != ""
    assert len(list((tmp_path / "saved").iterdir())) == 3
    assert main(common + ["--tokens", "60", "--text", str(tmp_path / "ids.npy"), "--ways", "fast"]) == 2
    assert main(["--model", str(tmp_path / "nothing")]) == 2
    assert bytes_of("24GiB") == 24 << 30 and bytes_of("1.5MB") == 1500000 and bytes_of("7") == 7
