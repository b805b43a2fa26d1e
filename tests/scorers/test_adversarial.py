"""The shipped scorer is not fooled: what only looks like empathy scores below sincere replies to the same posts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from synthempathy.core.params import read_params
from synthempathy.scorers.base import Floats, PairScorer
from synthempathy.scorers.kinds import train_scorer
from synthempathy.scorers.params import Scorer
from synthempathy.scorers.sources import read_labelled
from tests.helpers.empathy import AROUND, DIMENSIONS

ROOT = Path(__file__).parents[2]
#: Posts, each with a sincere reply.
SINCERE = [
    (
        "My landlord sold the building and we have thirty days to leave. I have lived there since my daughter was born.",
        "I'm so sad for you. Thirty days to pack up the place where your daughter took her first steps must feel like being "
        "robbed. Does she know yet that you have to leave?",
    ),
    (
        "i got laid off on friday after 11 years. my badge stopped working before anyone talked to me",
        "That makes me so angry for you. Eleven years and you found out from a door, you must have felt like nothing. "
        "Did your boss at least call you over the weekend?",
    ),
    (
        "My mother has dementia and yesterday she screamed at me to get out of her house. She thought I was a burglar.",
        "My heart breaks for you. It must be terrifying to see your own mother look at you as if you were a burglar, and so "
        "lonely. Who is with you when she gets like that?",
    ),
    (
        "I failed the bar exam for the third time. My friends from law school are all practicing and I stock shelves at night.",
        "I'm really sorry, I feel so bad for you. Stocking shelves while your friends are practicing must leave you ashamed, and "
        "a third failure would exhaust anyone. How far off was your score this time?",
    ),
    (
        "We lost the baby at 20 weeks. The nursery is painted already. My husband won't go in there.",
        "I'm heartbroken for you both. That painted nursery must be unbearable to walk past, and you sound so alone with it "
        "while he keeps away. Has he talked about the baby at all since you lost her?",
    ),
    (
        "I moved to Oslo for my phd and in four months I haven't spoken to anyone outside the lab.",
        "I feel so sad reading this. Four months with nobody but the lab sounds terribly lonely, I went through the same when I "
        "moved abroad. Is there anyone in your group you'd like to get to know?",
    ),
    (
        "my dog got hit by a car because i forgot to close the gate. my kids keep asking who left it open",
        "I'm so sorry, I feel awful for you. You must be eaten up by guilt every time the kids ask about the gate. What have you "
        "told them so far about your dog?",
    ),
    (
        "The surgeon says I'll never run again. I've run each morning since I was 14 and it's the only thing that keeps me sane.",
        "It hurts me to read that. Running since you were 14, it must feel like losing the one thing that kept you steady, and "
        "that is frightening. Did the surgeon say whether you can still swim or cycle?",
    ),
]
POSTS = [post for post, _ in SINCERE]
REPLIES = [reply for _, reply in SINCERE]
STRUNG = [
    "sorry sad heartbroken love hugs care understand feel terrified lonely hurt strong hope worried pain support",
    "feel feel understand understand sad sad sorry sorry hugs hugs love love pain pain strong strong hope hope",
    "understand terrifying devastated lonely same here been there sad heart breaks worried hugs why what happened feeling",
    "sad worried concerned compassion warmth empathy caring loving hurting grieving devastated exhausted overwhelmed alone",
]
SALAD = [
    "What who when where why how? Why when how you? Who what feel? Where did how? When why what you?",
    "Are do you what? Did how is when? Have who been why? Can where you how? Is what did when?",
]
REPEATED = [
    "I feel so sad for you. ", "You must be terrified and exhausted. ", "I am so sorry, that must be so hard for you. ",
    "My heart breaks for you, you must feel so alone. ",
]


@pytest.fixture(scope="module")
def shipped() -> PairScorer:
    """The scorer that `dvc repro scorer` makes."""
    pairs = read_labelled(ROOT / "data" / "empathy" / "labelled_pairs.csv", dimensions=DIMENSIONS).pairs
    return train_scorer(pairs, read_params(ROOT / "params.yaml").section("scorer", Scorer), AROUND)


@pytest.fixture(scope="module")
def sincere(shipped: PairScorer) -> dict[str, Floats]:
    return shipped.score(POSTS, REPLIES)


def crossed(replies: list[str]) -> tuple[list[str], list[str]]:
    """Every reply under every post."""
    return [post for post in POSTS for _ in replies], [reply for _ in POSTS for reply in replies]


def test_sincere_replies_score_high(sincere: dict[str, Floats]) -> None:
    assert sincere["empathy"].mean() > 1.5 and sincere["empathy"].min() > 1.0


@pytest.mark.parametrize(
    "replies", [STRUNG, SALAD, [10 * r for r in REPEATED], ["", " ", "..."]], ids=["strung", "salad", "repeated", "empty"],
)
def test_what_only_looks_like_empathy_scores_below_every_sincere_reply(
    shipped: PairScorer, sincere: dict[str, Floats], replies: list[str],
) -> None:
    fooling = shipped.score(*crossed(replies))["empathy"]
    assert fooling.max() < sincere["empathy"].min()
    assert fooling.mean() < 0.4 * sincere["empathy"].mean()


def test_saying_it_ten_times_scores_below_saying_it_once(shipped: PairScorer) -> None:
    once, often = (shipped.score(*crossed([times * r for r in REPEATED]))["empathy"] for times in (1, 10))
    assert (often < 0.5 * once).all()


def test_another_persons_reply_scores_below_ones_own(shipped: PairScorer, sincere: dict[str, Floats]) -> None:
    """It is as warm, but does not show understanding of this post and asks about another. Not every reply gives that away."""
    for shift in range(1, len(POSTS)):
        others = shipped.score(POSTS, REPLIES[shift:] + REPLIES[:shift])
        own = {name: np.roll(score, -shift) for name, score in sincere.items()}  # of the same reply, under its own post
        assert others["ip"].mean() < own["ip"].mean() and others["ex"].mean() < own["ex"].mean()
        assert others["empathy"].mean() < 0.95 * own["empathy"].mean()
        assert (others["empathy"] < own["empathy"]).mean() >= 0.75
