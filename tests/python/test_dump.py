"""Dumps: written, read, converted there and back."""
import os
import subprocess

import numpy as np
import pytest

from rattan import dump
from rattan.dump.__main__ import main
from rattan.dump._layout import to_float, to_type


def make_arrays(tokens=400, heads=4, kv_heads=2, d=16):
    random = np.random.default_rng(1)
    return [random.standard_normal((count, tokens, d), dtype=np.float32) for count in (heads, kv_heads, kv_heads)]


def same(layer, q, k, v):
    np.testing.assert_allclose(to_float(layer.q, layer.dtype), q, atol=1e-2, rtol=1e-2)
    np.testing.assert_allclose(to_float(layer.k, layer.dtype), k, atol=1e-2, rtol=1e-2)
    np.testing.assert_allclose(to_float(layer.v, layer.dtype), v, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16"])
def test_written_layers_are_read_again(tmp_path, dtype):
    q, k, v = make_arrays()
    path = dump.from_arrays(str(tmp_path), q[:, ::2], k, v, layer=7, dtype=dtype, source="a test")
    assert os.path.basename(path) == "layer_07.safetensors" and dump.layer_files(str(tmp_path)) == [path]
    layer = dump.read_layer(path)
    assert (layer.number, layer.dtype, layer.source, layer.softmax_scale) == (7, dtype, "a test", 0.25)
    assert layer.q_pos.tolist() == list(range(0, 400, 2)) and layer.prefill == 400 - 2 * 12
    same(layer, q[:, ::2], k, v)


def test_pieces_make_the_same_file(tmp_path):
    q, k, v = make_arrays()
    positions = np.arange(0, 400, 3)
    whole = dump.from_arrays(str(tmp_path / "whole"), q[:, ::3], k, v, q_pos=positions, prefill=300, source="x")
    writer = dump.LayerWriter(str(tmp_path / "pieces"), 0, 4, 2, 16, 16, 400, positions, 300, 0.25, "f16", "x")
    for begin in range(0, 400, 70):
        writer.put(begin, *[x[:, begin:begin + 70] for x in (q, k, v)])
    assert not os.path.exists(writer.path)
    assert open(writer.close(), "rb").read() == open(whole, "rb").read()


def test_bfloat16_rounds_to_nearest_even():
    values = np.array([1.0, 1.00390625, 1.01171875, -2.5, 3.3e38], np.float32)
    assert to_float(to_type(values, "bf16"), "bf16").tolist()[:4] == [1.0, 1.0, 1.015625, -2.5]
    with pytest.raises(ValueError, match="f16 cannot hold"):
        to_type(values, "f16")


def test_command_there_and_back(tmp_path, capsys):
    q, k, v = make_arrays()
    for name, rows in zip("QKV", (q, k, v)):
        np.save(tmp_path / f"{name}.npy", rows)
    assert main(["--from-arrays", *[str(tmp_path / f"{name}.npy") for name in "QKV"], "-o", str(tmp_path / "dump"), "--prefill", "350"]) == 0
    path = capsys.readouterr().out.strip()
    same(dump.read_layer(path), q, k, v)
    assert main(["--from-dump", path, "--to", "npy", "-o", str(tmp_path / "npy"), "--kv-head", "1", "--head", "1"]) == 0
    np.testing.assert_allclose(np.load(tmp_path / "npy" / "K_0_3.npy").astype(np.float32), k[1], atol=1e-2)
    np.testing.assert_allclose(np.load(tmp_path / "npy" / "Q_0_3.npy").astype(np.float32), q[3], atol=1e-2)
    assert main(["--from-dump", str(tmp_path / "nothing"), "--to", "npy", "-o", "x"]) == 2
    assert main(["-o", "x"]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_hdf5_of_vibe(tmp_path):
    h5py = pytest.importorskip("h5py")
    q, k, v = make_arrays(tokens=3000, d=8)
    layer = dump.read_layer(dump.from_arrays(str(tmp_path / "dump"), q, k, v, prefill=2900, dtype="f32"))
    dump.to_hdf5(str(tmp_path / "x.hdf5"), layer, kv_head=1, head=0, count=10)
    with h5py.File(tmp_path / "x.hdf5") as file:
        assert dict(file.attrs) == {"distance": "ip", "dimension": 8, "point_type": "float"}
        assert [file[name].shape for name in ("train", "test", "learn", "neighbors", "learn_neighbors")] == [
            (2900, 8), (100, 8), (2900, 8), (100, 10), (2900, 10)]
        scores = q[2, 2900:] @ k[1, :2900].T
        assert (file["neighbors"][:, 0] == scores.argmax(1)).all()
        np.testing.assert_allclose(file["distances"][:, 0], -scores.max(1), rtol=1e-5)
        np.testing.assert_allclose(file["avg_distances"], -scores.mean(1), atol=1e-4)
    paths = dump.from_hdf5(str(tmp_path / "npy"), str(tmp_path / "x.hdf5"))
    keys, queries = (np.load(path) for path in paths)
    assert (keys == k[1, :2900]).all() and len(queries) == 1600
    assert (queries[-100:] == q[2, 2900:]).all()  # the last sixteenth


def test_pt(tmp_path):
    torch = pytest.importorskip("torch")
    q, k, v = make_arrays()
    torch.save({"query_states": torch.from_numpy(q)[None].transpose(1, 2), "key_states": torch.from_numpy(k)[None].transpose(1, 2),
                "value_states": torch.from_numpy(v)[None].transpose(1, 2)}, tmp_path / "x.pt")
    layer = dump.read_layer(dump.from_pt(str(tmp_path / "dump"), str(tmp_path / "x.pt"), layout="bshd", dtype="bf16"))
    same(layer, q, k, v)
    dump.to_pt(str(tmp_path / "y.pt"), layer)
    held = torch.load(tmp_path / "y.pt", weights_only=True)
    assert held["k"].dtype == torch.bfloat16 and held["q_pos"].tolist() == list(range(400))


@pytest.mark.parametrize("sliding", [False, True])
def test_models(tmp_path, sliding):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    torch.manual_seed(0)
    shape = dict(vocab_size=97, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2,
                 max_position_embeddings=4096, head_dim=16)
    config = transformers.Gemma3TextConfig(**shape, sliding_window=16, layer_types=["sliding_attention", "full_attention", "full_attention"]
                                           ) if sliding else transformers.Qwen2Config(**shape)
    model = transformers.AutoModelForCausalLM.from_config(config, attn_implementation="sdpa").eval()
    ids = torch.randint(0, 97, (1, 300))
    done = []
    paths = dump.dump_model(model, ids, str(tmp_path / "chunks"), prefill=250, query_step=4, dtype="f32", chunk=64,
                            progress=lambda at, tokens: done.append(at))
    assert done == [64, 128, 192, 256, 300] and len(paths) == (2 if sliding else 3)
    layer = dump.read_layer(paths[0])
    assert layer.q.shape == (4, 63 + 50, 16) and layer.k.shape == (2, 300, 16) and layer.prefill == 250
    with torch.no_grad():
        cache = model(ids, use_cache=True).cache
    keys = cache.layers[layer.number].keys[0].numpy()
    np.testing.assert_allclose(layer.k, keys, atol=1e-4)
    # Attention of the dump is the model's: the last layer's output follows from it, so compare one head by queries of one pass.
    one, = dump.dump_model(model, ids, str(tmp_path / "head"), prefill=250, layers=[layer.number], kv_heads=[1], dtype="f32", chunk=0)
    head = dump.read_layer(one)
    assert head.q.shape == (2, 300, 16)
    np.testing.assert_allclose(head.q[:, layer.q_pos], layer.q[2:], atol=1e-4)
    with pytest.raises(ValueError, match="layers"):
        dump.dump_model(model, ids, str(tmp_path / "none"), prefill=250, layers=[0, 9] if sliding else [9])


def test_rattan_bench_reads_dumps(tmp_path):
    bench = os.environ.get("RATTAN_BENCH")
    if not bench or not os.path.exists(bench):
        pytest.skip("RATTAN_BENCH names no rattan-bench")
    q, k, v = make_arrays(tokens=3000)
    path = dump.from_arrays(str(tmp_path / "dump"), q[:, ::2], k, v, layer=3, source="a test")
    said = subprocess.run([bench, "info", "--data", path], capture_output=True, text=True, check=True).stdout
    assert "(a test)" in said and "2814 prefill keys" in said
