"""Public lines of help (US, Canada, UK, Germany): to point to one gives nobody away, and some explanations ask for it."""

from __future__ import annotations

#: US and Canada, without the leading 1.
_NORTH_AMERICA = frozenset((
    "8002738255",  # 988 Suicide and Crisis Lifeline, by its long number
    "8007997233",  # National Domestic Violence Hotline
    "8007873224",  # the same, by text telephone
    "8006564673",  # RAINN, sexual assault
    "8006624357",  # SAMHSA
    "8664887386",  # Trevor Project
    "8775658860",  # Trans Lifeline, US
    "8773306366",  # Trans Lifeline, Canada
    "8009506264",  # NAMI
    "8883737888",  # National Human Trafficking Hotline
    "8663319474",  # love is respect
    "8004224453",  # Childhelp
    "8007862929",  # National Runaway Safeline
    "8009855990",  # Disaster Distress Helpline
    "8888434564",  # LGBT National Hotline
    "8002467743",  # LGBT National Youth Talkline
    "8338526262",  # National Maternal Mental Health Hotline
    "8009444773",  # Postpartum Support International
    "8004483000",  # Boys Town
    "8447628483",  # StrongHearts Native Helpline
    "8003668288",  # S.A.F.E. Alternatives
    "8004262537",  # problem gambling
    "8002221222",  # Poison Help
    "8009312237",  # eating disorders
    "8006686868",  # Kids Help Phone
    "8334564566",  # Talk Suicide Canada
    "8669255454",  # Good2Talk
    "8552423310",  # Hope for Wellness
    "8668630511",  # Assaulted Women's Helpline
    "8662773553",  # Quebec's suicide line
    "8665312600",  # ConnexOntario
))
#: UK, with the leading 0 where there is one.
_UNITED_KINGDOM = frozenset((
    "116123",  # Samaritans
    "08457909090",  # the same, by its old number
    "08001111",  # Childline
    "08082000247",  # National Domestic Abuse Helpline
    "08088010327",  # Men's Advice Line
    "0800585858",  # CALM
    "08000684141",  # Papyrus HOPELINE247
    "03001233393",  # Mind
    "03003047000",  # SANEline
    "08088084994",  # The Mix
    "08085002222",  # Rape Crisis
    "08088005000",  # NSPCC
    "08088025544",  # YoungMinds, for parents
    "08088081677",  # Cruse Bereavement
    "08009995428",  # Galop
    "03003300630",  # Switchboard LGBT+
    "08088020133",  # National Gambling Helpline
    "03001231110",  # Drinkline
    "03001236600",  # Talk to Frank
    "08088010677",  # Beat
))
#: Germany, with the leading 0 where there is one.
_GERMANY = frozenset((
    "08001110111", "08001110222",  # Telefonseelsorge; 116123 as in the UK
    "116111",  # Nummer gegen Kummer, for children
    "08001110550",  # the same, for parents
    "116016",  # Hilfetelefon Gewalt gegen Frauen
    "08000116016",  # the same, by its old number
    "08001239900",  # Hilfetelefon Gewalt an Männern
    "08002255530",  # Hilfe-Telefon Sexueller Missbrauch
))
_BY_PREFIX = {"44": _UNITED_KINGDOM, "49": _GERMANY}


def is_helpline(digits: str) -> bool:
    """Whether these digits dial one, however they begin: with +1, 1, +44, 0044, +49 or a 0."""
    national = digits.removeprefix("00")
    return national.removeprefix("1") in _NORTH_AMERICA or any(
        digits in lines or (national.startswith(prefix) and f"0{national[2:].removeprefix('0')}" in lines)
        for prefix, lines in _BY_PREFIX.items()
    )
