"""Reading labelled pairs: what is refused, and what the shipped ones are like."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from synthempathy.core.errors import InputError
from synthempathy.scorers.labelled import check_enough, read_labelled
from synthempathy.scorers.mechanisms import LEVELS, MECHANISMS
from synthempathy.scorers.reading import sentences

SHIPPED = Path(__file__).parents[2] / "data" / "empathy" / "labelled_pairs.csv"
HEADER = "explanation,response,er,ip,ex,er_rationale,ip_rationale,ex_rationale"


def labelled(folder: Path, *lines: str, header: str = HEADER) -> Path:
    path = folder / "pairs.csv"
    path.write_text("\n".join((header, *lines)) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("post,reply,3,0,0,,,", ["pairs.csv:3:", "'er'", "'3'", "0 none, 1 weak, 2 strong"]),
        ("post,reply,0,,0,,,", ["pairs.csv:3:", "'ip'", "''"]),
        ("post,  ,0,0,0,,,", ["pairs.csv:3:", "'response'", "empty"]),
        ("\"\",reply,0,0,0,,,", ["pairs.csv:3:", "'explanation'", "empty"]),
        ("post,reply,1,0,0,rely,,", ["pairs.csv:3:", "'er_rationale'", "'rely'", "not in the response"]),
        ("post,reply,0,0,0,,reply,", ["pairs.csv:3:", "'ip_rationale'", "level 0"]),
        ("first,good,0,0,0,,,", ["pairs.csv:3:", "'response'", "line 2"]),
        ("post,reply,0,0", ["pairs.csv:3:", "4 cells"]),
    ],
)
def test_a_wrong_row_is_named_by_line_field_and_value(tmp_path: Path, line: str, parts: list[str]) -> None:
    path = labelled(tmp_path, "first,good,0,0,0,,,", line)
    with pytest.raises(InputError) as caught:
        read_labelled(path)
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_a_header_without_a_mechanism_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pairs\.csv:1: the header lacks ex"):
        read_labelled(labelled(tmp_path, "post,reply,0,0", header="explanation,response,er,ip"))


def test_rationales_say_which_sentences_carry_the_level(tmp_path: Path) -> None:
    response = "Ask the bank. I feel sad for you. Take care. What did they say?"
    path = labelled(tmp_path, f"post,{response},2,0,2,I feel sad for you.,,What did they say?")
    (pair,) = read_labelled(path).pairs
    assert pair.sentence_levels(sentences(response), "er") == [0, 2, 0, 0]
    assert pair.sentence_levels(sentences(response), "ip") == [0, 0, 0, 0]
    assert pair.sentence_levels(sentences(response), "ex") == [0, 0, 0, 2]


def test_without_a_rationale_only_a_single_sentence_is_known_to_carry_the_level(tmp_path: Path) -> None:
    path = labelled(tmp_path, "post,I feel sad.,2,0,0", "post,I feel sad. Yes.,2,0,0", header="explanation,response,er,ip,ex")
    one, two = read_labelled(path).pairs
    assert one.sentence_levels(sentences(one.response), "er") == [2]
    assert two.sentence_levels(sentences(two.response), "er") == [None, None]
    assert two.sentence_levels(sentences(two.response), "ip") == [0, 0]


def test_too_few_of_a_level_is_said(tmp_path: Path) -> None:
    pairs = read_labelled(labelled(tmp_path, *(f"post {i},reply {i},0,0,0,,," for i in range(9)))).pairs
    with pytest.raises(InputError, match=r"'er': level 1 appears under 0 explanations, 5 folds need at least 5"):
        check_enough(pairs, 5, tmp_path / "pairs.csv")


def test_the_shipped_pairs_hold_what_the_guide_promises() -> None:
    pairs = read_labelled(SHIPPED).pairs
    assert len(pairs) >= 1500
    for mechanism in MECHANISMS:
        counts = Counter(p.levels[mechanism] for p in pairs)
        assert min(counts[level] for level in LEVELS) >= 60
        assert all(p.rationales[mechanism] for p in pairs if p.levels[mechanism])
    with SHIPPED.open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == HEADER.split(",")
    lengths = sorted(len(p.response.split()) for p in pairs)
    assert lengths[0] <= 2 and lengths[-1] >= 150
