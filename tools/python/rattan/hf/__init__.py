"""transformers over Rattan: `attach` a model, then `model.generate` as always.

    model = AutoModelForCausalLM.from_pretrained(...)
    attached = rattan.hf.attach(model)
    model.generate(**tokenizer(text, return_tensors="pt"), max_new_tokens=100)
    print(attached.last_cache.stats(), attached.last_cache.report()[0])
"""
from ._attach import Attached, attach
from ._cache import RattanCache
from ._load import load

__all__ = ["Attached", "RattanCache", "attach", "load"]
