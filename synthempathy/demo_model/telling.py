"""A telling: one person's trouble with all its parts, drawn at random; every text of a row is made from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from synthempathy.demo_model.material import Material, Situation, voiced
from synthempathy.demo_model.params import Mix

SWAP_SHARE = 0.35  # tellings in which words are swapped for others, so that copying is the only way
NOISE_SHARE = 0.45  # own words made rough: lower case, no stop, typos

_ADJECTIVES = frozenset(
    """
        best big black blue cold dark dead difficult elderly empty entire ex final first former full good great green
        hard huge last late little local long main mental middle narrow new next nice old older oldest only other own
        physical poor previous quiet real red same second short sick single small smallest third tiny two three four
        usual very white whole wrong young younger youngest fact way most more few many much idea one time times day
        days week moment thing things rest same
    """.split()  # noqa: SIM905
)
_PREFIXES = (
    "ugh, ", "so ", "lately ", "I feel like ", "I am stressed because ", "i hate that ", "not sure what to do, ",
    "honestly ", "and now ", "I can't believe ", "i'm worried that ", "It is hard when ", "my problem is that ",
)


@dataclass(frozen=True)
class Telling:
    """Clauses keep their placeholders; `words` are the person's own, never changed."""

    category: str
    words: str
    key: str | None
    core: str | None
    details: tuple[str, ...]
    feelings: tuple[str, str]
    thought: str
    error: str
    consequence: str
    want: str
    strength: str | None
    confidant: str
    name: str
    pronoun: str
    advice: tuple[str, ...]
    questions: tuple[str, ...]


def draw_telling(
    rng: Random, material: Material, mix: Mix, *, held_out: bool = False, swaps: bool = True
) -> Telling:
    """A telling. `held_out` takes words that training never shows; `swaps` off leaves all words as written."""
    situation = rng.choice(material.held_out if held_out else material.known)
    category = situation.category
    generic, anything = material.generic[category], material.any
    known = not held_out and rng.random() < mix.known
    swap = swaps and rng.random() < SWAP_SHARE
    if known:
        words = rng.choice(situation.seeds)
        source, fallback = situation, generic
    elif held_out:
        words = rng.choice(situation.seeds)
        source, fallback = generic, anything
    else:
        words = rng.choice(rng.choice((material.sentences[category], situation.seeds)))
        source, fallback = generic, anything
    if not held_out and not known:
        if words in situation.seeds or rng.random() < 0.5:
            words = swapped(words, rng, material, rng.randint(1, 3))
        words = _stranger(words, rng, material, mix)
    if not held_out and rng.random() < NOISE_SHARE:
        words = roughened(words, rng)
    words = words.strip().rstrip(".!?,;: ").replace('"', "'")

    def clause(text: str) -> str:
        return swapped(text, rng, material, 1) if swap and rng.random() < 0.5 else text

    thought, error = rng.choice(source.thoughts if rng.random() < 0.85 else fallback.thoughts)
    strengths = source.strengths if rng.random() < 0.8 else fallback.strengths
    frames = material.frames["words"]
    pronoun = rng.choice(("she", "he"))
    return Telling(
        category=category, words=words, key=key_of(words), core=clause(situation.core) if known and situation.core else None,
        details=tuple(clause(d) for d in _details(rng, source, fallback)),
        feelings=_two(rng, source, fallback), thought=clause(thought), error=error,
        consequence=clause(rng.choice(source.consequences)), want=rng.choice(source.wants),
        strength=clause(rng.choice(strengths)) if rng.random() < 0.45 else None,
        confidant=rng.choice(frames["confidant"]), name=_name(rng, frames[pronoun]), pronoun=pronoun,
        advice=_advice(rng, source, fallback, anything), questions=source.questions if known else (),
    )


def _stranger(words: str, rng: Random, material: Material, mix: Mix) -> str:
    """`words` made unlike all that the material holds, in the mix's shares. A share of 0 draws nothing."""
    if mix.joined and rng.random() < mix.joined:
        other = rng.choice(material.sentences[rng.choice(list(material.sentences))])
        link = rng.choice((", and ", ", but ", ". ", " because ", ", so "))
        return words.rstrip(".!? ") + link + (other if link == ". " else other[:1].lower() + other[1:])
    if mix.scrambled and rng.random() < mix.scrambled:
        return " ".join(rng.choice(material.content_words) for _ in range(rng.randint(3, 16)))
    return words


def key_of(words: str) -> str | None:
    """What the words are about, as far as a rule can see: '{P} boss' for 'my new boss', 'the rent' for 'the rent'."""
    for match in re.finditer(r"\b(my|the|this)((?:\s+[a-z]+){1,3})", words.lower()):
        nouns = [w for w in match[2].split() if w not in _ADJECTIVES]
        if nouns and len(nouns[0]) > 2 and not nouns[0].endswith(("ed", "ing", "ly", "ful", "ous", "ible", "able")):
            return f"{'{P}' if match[1] == 'my' else 'the'} {nouns[0]}"
    return None


def swapped(text: str, rng: Random, material: Material, count: int) -> str:
    """`text` with up to `count` of its longer words replaced by others of the material."""
    pieces = re.split(r"(\{\w+\}|\W+)", text)
    places = [i for i, p in enumerate(pieces) if len(p) >= 5 and p.isalpha()]
    for i in rng.sample(places, min(count, len(places))):
        other = rng.choice(material.content_words)
        pieces[i] = other.capitalize() if pieces[i][0].isupper() else other
    return "".join(pieces)


def roughened(words: str, rng: Random) -> str:
    """`words` as people type them: a prefix, lower case, lost apostrophes, typos, cut short."""
    if rng.random() < 0.25:
        words = rng.choice(_PREFIXES) + words[:1].lower() + words[1:]
    if rng.random() < 0.6:
        words = words.lower()
    if rng.random() < 0.3:
        words = words.replace("'", "").replace("I am ", "im ").replace("i am ", "im ")
    if rng.random() < 0.35:
        words = _typo(words, rng)
    parts = words.split()
    if len(parts) > 8 and rng.random() < 0.25:
        words = " ".join(parts[: rng.randint(4, len(parts) - 1)])
    return words


def _typo(words: str, rng: Random) -> str:
    parts = words.split(" ")
    long = [i for i, p in enumerate(parts) if len(p) > 3 and p.isalpha()]
    if long:
        i = rng.choice(long)
        at = rng.randint(1, len(parts[i]) - 2)
        word = parts[i]
        parts[i] = rng.choice((
            word[:at] + word[at + 1] + word[at] + word[at + 2 :], word[:at] + word[at + 1 :], word[:at] + word[at] + word[at:],
        ))
    return " ".join(parts)


def _details(rng: Random, source: Situation, fallback: Situation) -> list[str]:
    own = rng.sample(source.details, 3)
    if rng.random() < 0.5:  # one scene of a wider kind among them
        own[rng.randrange(3)] = rng.choice(fallback.details)
    return own


def _two(rng: Random, source: Situation, fallback: Situation) -> tuple[str, str]:
    first = rng.choice(source.feelings)
    second = rng.choice([f for f in (*source.feelings, *fallback.feelings) if f != first])
    return first, second


def _advice(rng: Random, source: Situation, fallback: Situation, anything: Situation) -> tuple[str, ...]:
    own = rng.sample(source.advice, min(5, len(source.advice)))
    more = rng.sample(fallback.advice, 4) + rng.sample(anything.advice, 2)
    return tuple(dict.fromkeys([*own, *more]))


def _name(rng: Random, names: list[str]) -> str:
    if rng.random() < 0.85:
        return rng.choice(names)
    syllables = ("ka", "ri", "mo", "len", "tas", "vu", "ne", "bri", "sol", "da", "wen", "ji", "for", "ul", "ya", "che")
    return "".join(rng.choice(syllables) for _ in range(rng.randint(2, 3))).capitalize()


def facts(telling: Telling, voice: str) -> list[str]:
    """What happened, as clauses in `voice`: the core where known, then the details."""
    return [voiced(c, voice) for c in ([telling.core] if telling.core else []) + list(telling.details)]
