"""rattan.evaluate against numpy."""
import numpy as np

import rattan
from conftest import exact, make_head


def test_recall_counts_shares():
    queries, keys = make_head(4, 100, 16)
    truth = exact(queries, keys, 10)
    half = (truth[0][:, :5], truth[1][:, :5])
    assert rattan.evaluate.recall(truth, truth) == 1
    np.testing.assert_allclose(rattan.evaluate.recall_per_row(half, truth), 0.5)
    found = rattan.Neighbors(*truth, {})
    assert rattan.evaluate.recall(found, truth) == 1


def test_quality_of_everything_and_of_nothing():
    queries, keys = make_head(6, 200, 16)
    values = make_head(1, 200, 16, seed=3)[1]
    positions = np.full(6, 199)
    all_keys = exact(queries, keys[10:150], 140)
    quality = rattan.evaluate.attention_quality(queries, keys, values, all_keys, positions=positions, indexed=(10, 150), scale=0.25)
    np.testing.assert_allclose(quality.mass, 1)
    np.testing.assert_allclose(quality.output_error, 0, atol=1e-9)
    nothing = (np.full((6, 1), -1), np.full((6, 1), -np.inf, np.float32))
    quality = rattan.evaluate.attention_quality(queries, keys, None, nothing, positions=positions, indexed=(10, 150), scale=0.25)
    np.testing.assert_allclose(quality.mass, 0)
    assert len(quality.output_error) == 0


def test_head_statistics():
    queries, keys = make_head(64, 2000, 16)
    found = rattan.evaluate.head_statistics(queries, keys, positions=np.full(64, 1999), scale=0.25, sinks=4, recent=64)
    assert 0 < found["far_mass"] < 1 and found["mean_cosine"] < 0
    np.testing.assert_allclose(found["key_norm"], np.sqrt((keys ** 2).sum(1).mean()), rtol=1e-4)
