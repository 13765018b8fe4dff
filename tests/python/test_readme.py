"""What the pages of the package say is run."""
import pathlib
import re
import shlex

import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "tools" / "python"


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (FOLDER / page).read_text(), re.S)


def test_quickstart_runs(capsys):
    code = blocks("README.md", "python")[0]
    assert len(code.splitlines()) <= 20
    exec(compile(code, "README.md", "exec"), {})
    assert float(capsys.readouterr().out.split()[-1]) > 0.5


@pytest.mark.parametrize("page", ["README.md", "YOUR_MODEL.md"])
def test_commands_have_these_options(page):
    from rattan.dump.__main__ import options as dump_options
    from rattan.eval.__main__ import options as eval_options
    parsers = {"rattan.dump": dump_options(), "rattan.eval": eval_options()}
    try:
        from rattan.offload.__main__ import options as offload_options
        parsers["rattan.offload"] = offload_options()
    except ImportError:  # torch
        pass
    found = 0
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:2] == ["python", "-m"] and words[2] in parsers:
                parsers[words[2]].parse_args(words[3:])
                found += 1
    assert found >= 3


def test_index_of_a_dumped_head(tmp_path, monkeypatch, capsys):
    from rattan import dump
    random = np.random.default_rng(1)
    q, k, v = (random.standard_normal((heads, 2000, 32), dtype=np.float32) for heads in (4, 2, 2))
    dump.from_arrays(str(tmp_path / "dump"), q, k, v, layer=2, prefill=1950)
    monkeypatch.chdir(tmp_path)
    exec(compile(blocks("YOUR_MODEL.md", "python")[1], "YOUR_MODEL.md", "exec"), {})
    assert float(capsys.readouterr().out.split()[-1]) > 0.3


def test_generation_of_the_pages(tmp_path, monkeypatch, capsys):
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    words = ["<unk>", "a", "b", "c", "In", "short", ":"]
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    folder = tmp_path / "MODEL"
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>").save_pretrained(folder)
    config = transformers.LlamaConfig(vocab_size=7, hidden_size=32, intermediate_size=32, num_hidden_layers=2, num_attention_heads=4,
                                      num_key_value_heads=2, max_position_embeddings=8192)
    config.eos_token_id = config.bos_token_id = config.pad_token_id = None
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    (tmp_path / "book.txt").write_text("a b c " * 1700)
    monkeypatch.chdir(tmp_path)
    space = {}
    exec(compile(blocks("YOUR_MODEL.md", "python")[0], "YOUR_MODEL.md", "exec"), space)
    assert "keys_scored" in capsys.readouterr().out
    model, tokenizer, text = space["model"], space["tokenizer"], "a b c"
    space["attached"].detach()
    exec(compile(blocks("README.md", "python")[1], "README.md", "exec"), {"rattan": __import__("rattan.hf"), "model": model,
                                                                          "tokenizer": tokenizer, "text": "a b c " * 1700})
    assert torch.is_tensor(model.generate(torch.zeros(1, 3, dtype=torch.long), max_new_tokens=2)) and text
