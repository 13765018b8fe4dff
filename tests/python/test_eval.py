"""python -m rattan.eval on a tiny random model with a tokenizer of words."""
import json

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
tokenizers = pytest.importorskip("tokenizers")

from rattan.eval.__main__ import main  # noqa: E402
from rattan.eval.attentions import attend_best, parse  # noqa: E402

TEXT = "the quick brown fox jumps over the lazy dog and runs back to its den before the rain comes down on all of them . "


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    words = ["<unk>"] + sorted(set(TEXT.split()))
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>").save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(vocab_size=len(words), hidden_size=64, intermediate_size=96, num_hidden_layers=2,
                                      num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=4096)
    config.eos_token_id = config.bos_token_id = config.pad_token_id = None
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    (folder / "text.txt").write_text(TEXT * 60)
    return folder


def run(folder, *arguments):
    out = folder / "out"
    assert main(["--model", str(folder), "--output", str(out), *arguments]) == 0
    return out.read_text()


def test_likelihood_is_the_same_where_nothing_is_left_out(model_folder):
    result = json.loads(run(model_folder, "--nll", str(model_folder / "text.txt"), "--lengths", "1000", "--nll-tokens", "20",
                            "--attention", "sdpa,rattan:kind=flat,exact:k=2000,window:sinks=500,recent=600,window:sinks=4,recent=8",
                            "--format", "json", "--chunk", "300"))
    nll = [row["nll"] for row in result["rows"]]
    assert nll[:4] == pytest.approx([nll[0]] * 4, rel=1e-4) and abs(nll[4] - nll[0]) > 1e-6
    assert result["rows"][1]["keys_read"] > 0 and result["rows"][1]["index_bytes"] > 0


def test_tasks_as_a_table(model_folder):
    table = run(model_folder, "--tasks", "passkey,variables", "--lengths", "600", "--samples", "2", "--attention", "sdpa,rattan:k=20")
    rows = [line.split("|") for line in table.splitlines() if line.startswith("| ")]
    assert [row[3].strip() for row in rows[1:]] == ["sdpa", "rattan:k=20"] * 2


def test_specifications():
    specs = parse("sdpa,rattan:k=50,recall=0.9,kind=graph,estimate_unread=False,window")
    assert [spec.text for spec in specs] == ["sdpa", "rattan:k=50,recall=0.9,kind=graph,estimate_unread=False", "window"]
    assert specs[1].params == {"k": 50, "recall": 0.9, "kind": "graph", "estimate_unread": False}
    with pytest.raises(ValueError, match="none of"):
        parse("flash")


def test_best_keys_alone():
    class Layer:
        scaling = 0.5

    torch.manual_seed(0)
    query, keys, values = torch.randn(4, 8), torch.randn(2, 50, 8), torch.randn(2, 50, 8)
    got = attend_best(Layer, 0, query, keys, values, sinks=3, recent=5, k=7)
    for head in range(4):
        logits = keys[head // 2] @ query[head] * 0.5
        far = logits[3:45].topk(7).indices + 3
        ids = torch.cat([torch.arange(3), far, torch.arange(45, 50)])
        want = logits[ids].softmax(0) @ values[head // 2][ids]
        assert torch.allclose(got[head], want, atol=1e-5)


def test_messages(model_folder, capsys):
    assert main(["--model", str(model_folder / "nothing"), "--tasks", "all"]) == 2
    assert "does not exist" in capsys.readouterr().err
    assert main(["--model", str(model_folder)]) == 2
