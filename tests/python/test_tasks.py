"""The tasks: fit, answers inside the prompt, and scores."""
import pytest

import rattan.tasks


def count(text):  # four characters a token
    return len(text) // 4


@pytest.mark.parametrize("task", rattan.tasks.TASKS)
def test_prompts_fill_their_length(task):
    for length in (1500, 6000):
        sample = rattan.tasks.make(task, count, length, seed=3)
        tokens = count(sample.prompt) + sample.new_tokens
        assert 0.85 * length < tokens <= length
        assert sample.task == task and sample.answers
        assert all(answer in sample.prompt for answer in sample.answers)
        assert sample == rattan.tasks.make(task, count, length, seed=3)
        assert sample.prompt != rattan.tasks.make(task, count, length, seed=4).prompt


def test_needles_stand_once_and_anywhere():
    depths = []
    for seed in range(20):
        sample = rattan.tasks.make("niah_single", count, 2000, seed)
        assert sample.prompt.count(sample.answers[0]) == 1
        depths.append(sample.prompt.index(sample.answers[0]) / len(sample.prompt))
    assert min(depths) < 0.3 and max(depths) > 0.7


def test_keys_of_multikey_are_unique():
    for task in ("niah_multikey_number", "niah_multikey_uuid"):
        lines = [line for line in rattan.tasks.make(task, count, 6000).prompt.splitlines() if line.startswith("The secret value")]
        keys = [line.split(" is: ")[0] for line in lines]
        assert len(set(keys)) == len(keys) > 50


def test_frequencies():
    sample = rattan.tasks.make("frequent_words", count, 6000)
    counts = [sample.prompt.count(word) for word in sample.answers]
    assert counts == sorted(counts, reverse=True) and counts[2] > 10
    sample = rattan.tasks.make("common_words", count, 6000)
    assert all(sample.prompt.count(f". {word} ") >= 29 for word in sample.answers)


def test_score_is_the_share_of_answers():
    sample = rattan.tasks.Sample("x", "", ["Ab", "cd"], 5)
    assert rattan.tasks.score(sample, "AB and CD") == 1
    assert rattan.tasks.score(sample, "ab") == 0.5
    assert rattan.tasks.score(sample, "") == 0


def test_refused():
    with pytest.raises(ValueError, match="is none of"):
        rattan.tasks.make("haystack", count, 1000)
    with pytest.raises(ValueError, match="no room"):
        rattan.tasks.make("variables", count, 20)
