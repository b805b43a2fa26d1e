"""Who tells an explanation: stories in the manner of small models, and explanations by the hero and by one who looks on."""

from __future__ import annotations

import pytest

from synthempathy.generation.teller import another_tells, heroes_of

LENA = "Lena stood at the door of the office. She thought of her sister Emma, who never asked. Lena's hands were cold."


@pytest.mark.parametrize(("story", "hero"), [
    (LENA, "Lena"),
    ("In the small town of Ashwood, there was a gruff man named Jack who worked at the mill.", "Jack"),
    ("She was a young woman named Kaida, a healer. Her name was Akua, and she never slept.", "Kaida Akua"),
    ("Her name was Sarah. She had a hard day at work.", "Sarah"),
    ('Karen "Ava" Thompson was a woman of 28 who never slept.', "Karen"),
    ("Emily Blackwood - A woman who had no idea what came. She waited.", "Emily"),
    ("Élodie had missed the train again, and \u00c9lodie knew it.", "Élodie"),
    ("After the call, Priya sat in the car. Priya's manager, Tom, had not even looked up.", "Priya"),
    ("My sister Emma never calls. I wait every evening.", None),  # told in the first person
    ("She had just finished her morning coffee. Then Tom rang.", None),
    ("That was the day. They all knew. Tuesday came.", None),
    ("The boss called Tom in. Tom spoke to Priya. Priya cried, and Priya left.", None),
    ("", None),
])
def test_the_hero_is_who_the_story_begins_with_and_names_most(story: str, hero: str | None) -> None:
    assert heroes_of(story) == (frozenset(hero.split()) if hero else frozenset())


@pytest.mark.parametrize("explanation", [
    "I looked at Lena, my heart sinking as she spoke to me of the office.",
    "I'm not sure what I'd do without Lena's help, but I started to see the world with other eyes.",
    "I can only imagine what Lena\u2019s sister must have felt when I told her.",
])
def test_one_who_looks_on_is_found(explanation: str) -> None:
    assert another_tells(LENA, explanation)


@pytest.mark.parametrize("explanation", [
    "I stood at the door of the office, and my hands were cold. I thought of my sister Emma.",
    'I stood at the door. "Lena," she said, "go home." I did not move.',
    "I'm Lena, and I stood at the door of the office for an hour.",
    "My name is Lena. My hands were cold and I could not go in.",
    "Everyone there called me Lena, though I had asked them not to.",
])
def test_the_hero_may_say_their_own_name(explanation: str) -> None:
    assert not another_tells(LENA, explanation)


def test_without_a_story_nobody_is_named() -> None:
    assert not another_tells("", "I looked at Lena, my heart sinking.")


def test_a_misspelt_hero_is_the_hero_and_another_name_is_not() -> None:
    story = "Avaaraatha was a brilliant young woman. Avaaraatha had lost her way."
    assert another_tells(story, "Avaaratha's life was forever changed when she found the place. I am no exception.")
    assert not another_tells(story.replace("Avaaraatha", "Christian"), "I told Christina about it.")
    assert not another_tells(story, "I'm Avaaratha, and I had lost my way.")
