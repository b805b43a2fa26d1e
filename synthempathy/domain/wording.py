"""How a corpus's texts are worded: the language, and the words of it by which rules and readers look at a text.

English is what code knows by itself; of any other language it knows what the description says. A rule that needs words which
nobody has named is not asked, and drops nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from synthempathy.core.params import Section

#: The language whose words, phrases and formulae stand in the code.
KNOWN_BY_HEART = "en"
#: The countries whose telephone numbers are read without a +, where a description names none.
HOME = ("US", "GB")

Word = Annotated[str, Field(min_length=1)]
Several = Annotated[tuple[Word, ...], Field(strict=False)]  # a list in YAML
Regions = Annotated[tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...], Field(strict=False)]  # ISO 3166

#: English names of languages, by their codes (ISO 639); of others the code is shown.
LANGUAGES = {
    "ar": "Arabic", "bn": "Bengali", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English", "es":
    "Spanish", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian",
    "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt":
    "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "tr": "Turkish", "uk": "Ukrainian", "ur": "Urdu",
    "vi": "Vietnamese", "zh": "Chinese",
}


def language_name(code: str) -> str:
    """The language's name in English, or its code where we have none.

    >>> language_name("de"), language_name("xh")
    ('German', 'the language xh')
    """
    return LANGUAGES.get(code, f"the language {code}")


class Voice(Section):
    """Who speaks in a text."""

    explanation: Literal["first_person", "any"]
    pronouns: Several = ()  # of the first person, j' for j'ai; empty: English's, or none are known


class Words(Section):
    """Words of the corpus's language, where it is not English. What is empty is not known."""

    small: Several = ()  # articles, prepositions, conjunctions, auxiliary verbs: a third of any text
    addressed: Several = ()  # pronouns of the second person
    abbreviations: Several = ()  # whose full stop ends no sentence; "1.": numbers have one ("3. Mai")

    @property
    def ordinals(self) -> bool:
        """Whether a number of one or two digits with a full stop is an ordinal: am 3. Mai."""
        return any(word[0].isdigit() for word in self.abbreviations)


class Labels(Section):
    """Under which a prompt asks for notes and for the reply, without their colon."""

    reasoning: Word = "Reasoning"
    response: Word = "Response"


class Wording(Section):
    """All of it, as the description says it."""

    language: str = KNOWN_BY_HEART
    voice: Voice = Voice(explanation="first_person")
    words: Words = Words()
    labels: Labels = Labels()
    phone_regions: Regions = HOME

    @property
    def english(self) -> bool:
        """Whether the code's own words and phrases are of the texts' language."""
        return self.language == KNOWN_BY_HEART
