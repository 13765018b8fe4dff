"""The texts: each function makes a sample of `units` pieces of haystack."""
import uuid
from random import Random
from typing import Callable, Dict, List

from ._sample import Sample
from ._words import ADJECTIVES, NOUNS

FILLER = ("The river is wide here. Boats pass in the morning. Nobody counts them any more. The bridge was painted last year. "
          "Then the evening comes back.")


def _number(random: Random) -> str:
    return str(random.randrange(1_000_000, 10_000_000))


def _name(random: Random) -> str:
    return f"{random.choice(ADJECTIVES)}-{random.choice(NOUNS)}"


def _uuid(random: Random) -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))


def _insert(haystack: List[str], needles: List[str], random: Random) -> List[str]:
    """Needles at random depths, in their order."""
    places = sorted(random.randrange(len(haystack) + 1) for _ in needles)
    out: List[str] = []
    done = 0
    for place, needle in zip(places, needles):
        out += haystack[done:place] + [needle]
        done = place
    return out + haystack[done:]


def niah_single(units: int, random: Random) -> Sample:
    """One sentence that gives a word a number, in a filler of five sentences that repeats (RULER's niah_single_1)."""
    key, value = _name(random), _number(random)
    text = "\n".join(_insert([FILLER] * units, [f"The secret number of {key} is: {value}."], random))
    prompt = (f"A secret number is hidden in the text below. Remember it; there will be a question about it.\n{text}\n"
              f"Question: What is the secret number of {key} that the text names?\nAnswer: The secret number of {key} is")
    return Sample("niah_single", prompt, [value], 24)


def _multikey(task: str, units: int, random: Random, key_of: Callable, value_of: Callable, new_tokens: int) -> Sample:
    pairs: Dict[str, str] = {}
    while len(pairs) < units + 1:
        pairs[key_of(random) if units < 2000 else f"{key_of(random)}-{random.randrange(100)}"] = value_of(random)
    lines = [f"The secret value of {key} is: {value}." for key, value in pairs.items()]
    key, value = random.choice(list(pairs.items()))
    text = "\n".join(lines)
    prompt = (f"Many secret values are listed in the text below. Remember them; there will be a question about one.\n{text}\n"
              f"Question: What is the secret value of {key} that the text names?\nAnswer: The secret value of {key} is")
    return Sample(task, prompt, [value], new_tokens)


def niah_multikey_number(units: int, random: Random) -> Sample:
    """A haystack of nothing but such sentences, word to number (RULER's niah_multikey_2)."""
    return _multikey("niah_multikey_number", units, random, _name, _number, 24)


def niah_multikey_uuid(units: int, random: Random) -> Sample:
    """The same, UUID to UUID (RULER's niah_multikey_3)."""
    return _multikey("niah_multikey_uuid", units, random, _uuid, _uuid, 64)


def passkey(units: int, random: Random) -> Sample:
    """A five-digit pass key said twice, in a filler (InfiniteBench's PassKey)."""
    value = str(random.randrange(10_000, 100_000))
    text = "\n".join(_insert([FILLER] * units, [f"The pass key is {value}. Keep it in mind. {value} is the pass key."], random))
    prompt = (f"Somewhere in a lot of idle text there is something important. Find it and keep it in mind.\n{text}\n"
              f"Question: What is the pass key?\nAnswer: The pass key is")
    return Sample("passkey", prompt, [value], 12)


def variables(units: int, random: Random) -> Sample:
    """A value handed on through four variables, in a filler (RULER's vt)."""
    names: List[str] = []
    while len(names) < 5:
        name = "".join(random.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(5))
        if name not in names:
            names.append(name)
    value = str(random.randrange(10_000, 100_000))
    chain = [f"VAR {names[0]} = {value}"] + [f"VAR {names[i]} = VAR {names[i - 1]}" for i in range(1, 5)]
    text = "\n".join(_insert([FILLER] * units, chain, random))
    example = ("VAR QXAJD = 40817\nIdle text.\nVAR MMBEO = VAR QXAJD\nQuestion: Which variables have the value 40817? "
               "Answer: The variables with the value 40817 are: QXAJD, MMBEO")
    prompt = (f"Follow the assignments of variables that are hidden in the text. An example:\n{example}\n\nThe text:\n{text}\n"
              f"Question: Which variables have the value {value}? Answer: The variables with the value {value} are:")
    return Sample("variables", prompt, names, 40)


def common_words(units: int, random: Random) -> Sample:
    """A numbered list in which ten words stand thirty times, the others three times (RULER's cwe)."""
    pool = [f"{a}{b}" for a in ADJECTIVES for b in NOUNS]
    words = random.sample(pool, min(len(pool), 10 + units))
    common = words[:10]
    listed = common * 30 + words[10:] * 3
    random.shuffle(listed)
    text = " ".join(f"{i + 1}. {word}" for i, word in enumerate(listed))
    prompt = (f"Below is a numbered list of words. Ten of them are much more common than the others. Remember those ten.\n{text}\n"
              f"Question: Which ten words are the most common in the list? Answer: The ten most common words are:")
    return Sample("common_words", prompt, common, 100)


def frequent_words(units: int, random: Random) -> Sample:
    """Coded words whose frequencies fall as in zeta(2); the three most frequent are asked (RULER's fwe)."""
    kinds = 50
    coded: List[str] = []
    while len(coded) < kinds:
        word = "".join(random.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(6))
        if word not in coded:
            coded.append(word)
    total = 40 * units
    weights = [1 / (rank + 1) ** 2 for rank in range(kinds)]
    listed = [word for word, weight in zip(coded, weights) for _ in range(max(1, round(total * weight / sum(weights))))]
    random.shuffle(listed)
    text = " ".join(word if random.random() < 0.7 else word + " ..." for word in listed)
    prompt = (f"Read the coded text below and count how often each coded word appears. Dots mean nothing.\n{text}\n"
              f"Question: Which are the three most frequent coded words? Answer: The three most frequent coded words are:")
    return Sample("frequent_words", prompt, coded[:3], 40)


TASKS: Dict[str, Callable[[int, Random], Sample]] = {
    "niah_single": niah_single, "niah_multikey_number": niah_multikey_number, "niah_multikey_uuid": niah_multikey_uuid,
    "passkey": passkey, "variables": variables, "common_words": common_words, "frequent_words": frequent_words}
