"""How varied a model's responses are, so that one that says one kind sentence to everyone is seen for what it is.

No figure is corrected for the number of responses: compare arms that answered the same explanations.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from synthempathy.scorers.reading import sentences, words

Words = tuple[str, ...]

LONGEST = 4  # words of BLEU's n-grams
SAMPLE = 1000  # responses that self-BLEU looks at


def variety(responses: Sequence[str]) -> dict[str, float]:
    """Variety of `responses`, at least one of them.

    distinct_1, distinct_2: different words and word pairs over all (Li et al., NAACL 2016); less is more alike.
    self_bleu: see there; 1 is all alike.
    top_response_share: the share of the responses that are the commonest one, word by word.
    top_sentence_share: the share of the responses that hold the commonest sentence.
    """
    spoken = [words(response) for response in responses]
    said = Counter(sentence for response in responses for sentence in {s.words for s in sentences(response)})
    return {
        "distinct_1": _distinct([word for text in spoken for word in text]),
        "distinct_2": _distinct([pair for text in spoken for pair in pairwise(text)]),
        "self_bleu": self_bleu(_evenly(spoken, SAMPLE)),
        "top_response_share": Counter(spoken).most_common(1)[0][1] / len(responses),
        "top_sentence_share": max(said.values(), default=0) / len(responses),
    }


def self_bleu(texts: Sequence[Words]) -> float:
    """The mean BLEU-4 of each text against all others (Zhu et al., SIGIR 2018), 0 to 1; 0 for fewer than two.

    Where a text shares no n-gram of a length, 0.1 of one is counted (Chen and Cherry 2014, method 1), as in Texygen.
    Lengths that a text is too short for are left out, and there is no brevity penalty.
    """
    if len(texts) < 2:
        return 0.0
    matched: list[list[float]] = [[] for _ in texts]
    for n in range(1, LONGEST + 1):
        counts = [Counter(zip(*(text[i:] for i in range(n)), strict=False)) for text in texts]
        most: dict[Words, tuple[int, int]] = {}  # of an n-gram: its two highest counts in a text
        for count in counts:
            for gram, times in count.items():
                first, second = most.get(gram, (0, 0))
                most[gram] = (times, first) if times > first else (first, max(second, times))
        for place, count in enumerate(counts):
            if count:
                shared = sum(min(times, _elsewhere(times, *most[gram])) for gram, times in count.items())
                matched[place].append(max(shared, 0.1) / count.total())
    return sum(math.exp(math.fsum(map(math.log, m)) / len(m)) if m else 0.0 for m in matched) / len(texts)


def _elsewhere(times: int, first: int, second: int) -> int:
    """The highest count in the other texts, of an n-gram that is in this one so many times."""
    return second if times == first else first


def _distinct(items: Sequence[object]) -> float:
    return len(set(items)) / len(items) if items else 0.0


def _evenly(texts: Sequence[Words], wanted: int) -> list[Words]:
    """At most `wanted` texts, spread evenly over their order."""
    wanted = min(wanted, len(texts))
    return [texts[place * len(texts) // wanted] for place in range(wanted)]
