"""Tasks that judge long contexts, made from nothing but a seed: the no-download tasks of RULER (arXiv 2404.06654) and
InfiniteBench's PassKey, in texts of our own.

    sample = rattan.tasks.make("niah_single", tokenizer, length=4096, seed=0)
    score = rattan.tasks.score(sample, text_that_the_model_wrote)
"""
from ._fit import make
from ._sample import Sample, score
from ._texts import TASKS

__all__ = ["Sample", "TASKS", "make", "score"]
