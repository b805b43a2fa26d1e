"""The stage filter as a user runs it: order of reasons, decisions, conservation, and errors that change nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.filter import filter_pairs
from synthempathy.core.errors import InputError, ParamsError
from synthempathy.filters import judging
from synthempathy.filters.decisions import COLUMNS
from synthempathy.filters.judging import REASONS
from synthempathy.filters.queue import read_queue

ROOT = Path(__file__).parents[2]
HEADER = ",".join(COLUMNS) + "\n"

FILLER = "The kettle at my place{n} was odd{n} that day, and hour{n} came with thing{n} and a song{n} too."


def prose(opening: str, sentences: int, start: int) -> str:
    """Innocent text that does not loop: `opening`, then `sentences` of 18 words each."""
    return " ".join([opening, *(
        FILLER.format(n=start + k) for k in range(sentences)
    )])


EXPLANATION = prose("I was late again, and my boss saw me.", 3, 0)
RESPONSE = prose("I am sorry that you had such a morning.", 5, 20)


def row(name: str, explanation: str = EXPLANATION, response: str = RESPONSE, **more: Any) -> dict[str, Any]:
    return {
        "id": name, "seed_id": "s1", "category": "Work", "seed": "s", "story": "Ann missed the bus.", "model": "m",
        "explanation": explanation, "explanation_model": "m", "response": response, "reasoning": "", **more,
    }


def hash_of(pair: dict[str, Any]) -> str:
    return hashlib.sha256((pair["explanation"] + "\n" + pair["response"]).encode("utf-8")).hexdigest()[:16]


class Run:
    """A folder with the stage's inputs and outputs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inputs = (folder / "responses.jsonl", folder / "decisions.csv")
        self.outputs = (
            folder / "corpus.jsonl", folder / "rejected.jsonl", folder / "metrics/filter.json",
            folder / "review/queue.jsonl",
        )
        self.params = folder / "params.yaml"
        shutil.copy(ROOT / "params.yaml", self.params)
        shutil.copytree(ROOT / "profiles", folder / "profiles", dirs_exist_ok=True)
        shutil.copytree(ROOT / "domains", folder / "domains", dirs_exist_ok=True)
        self.set("enabled: true\n    model: models/safety", "enabled: false\n    model: models/safety")  # it may not be here
        self.inputs[1].write_text(HEADER, encoding="utf-8")

    def write(self, rows: list[dict[str, Any]], decisions: str = "") -> Run:
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in rows)
        self.inputs[0].write_text(lines, encoding="utf-8")
        self.inputs[1].write_text(HEADER + decisions, encoding="utf-8")
        return self

    def run(self) -> Run:
        filter_pairs(*self.inputs, *self.outputs, params=self.params)
        return self

    def set(self, old: str, new: str) -> None:
        text = self.params.read_text(encoding="utf-8")
        assert old in text
        self.params.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def corpus(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.outputs[0].read_text(encoding="utf-8").splitlines()]

    @property
    def rejected(self) -> dict[str, dict[str, Any]]:
        rows = [json.loads(line) for line in self.outputs[1].read_text(encoding="utf-8").splitlines()]
        return {one["id"]: one for one in rows}

    @property
    def queue(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.outputs[3].read_text(encoding="utf-8").splitlines()]

    @property
    def metrics(self) -> dict[str, Any]:
        return json.loads(self.outputs[2].read_text(encoding="utf-8"))


@pytest.fixture
def stage(tmp_path: Path) -> Run:
    return Run(tmp_path)


#: A way to spoil a good row, and the reason it must be dropped for.
SPOILED: list[tuple[str, dict[str, str]]] = [
    ("explanation_too_short", {"explanation": "I was late again, and my boss saw me."}),
    ("explanation_too_long", {"explanation": prose("I was late, and I cried, and my boss saw me, and I left.", 11, 0)}),
    ("response_too_short", {"response": "I am sorry."}),
    ("response_too_long", {"response": prose("I am sorry.", 18, 20)}),
    ("truncated", {"response": RESPONSE + " And then"}),
    ("repetition", {"response": RESPONSE + " You are strong." * 4}),
    ("refusal", {"response": RESPONSE + " I cannot help with that."}),
    ("assistant_talk", {"response": RESPONSE + " I hope this helps!"}),
    ("prompt_echo", {"response": "Reasoning: sad. " + RESPONSE}),
    ("not_first_person", {"explanation": prose("Ben was late again, and Ben's boss saw him.", 3, 0).replace(" my ", " his ")}),
    ("personal_data", {"explanation": EXPLANATION + " Write to me at ben@example.com."}),
    ("offensive", {"explanation": EXPLANATION + " My boss is an asshole."}),
    ("unsafe_advice", {"response": RESPONSE + " Have a few drinks and forget it."}),
    ("other_language", {"response": RESPONSE + " Lo siento mucho, debe ser muy difícil vivir con esto todos los días y quiero"
                     " que sepas que no estás sola en este camino tan largo y duro, amiga mía."}),
    ("sensitive_minors", {"explanation": EXPLANATION + " The man next door is a pedophile."}),
    ("sensitive_self_harm", {"explanation": EXPLANATION + " I feel suicidal."}),
    ("sensitive_sexual_content", {"explanation": EXPLANATION + " I watch porn."}),
    ("review_abuse", {"explanation": EXPLANATION + " He hits me when he drinks."}),
    ("review_violence", {"explanation": EXPLANATION + " My cousin was murdered."}),
    ("review_drugs", {"explanation": EXPLANATION + " My son takes heroin."}),
    ("review_eating_disorders", {"response": RESPONSE + " Anorexia tells lies."}),
    ("review_medical_legal", {"response": RESPONSE + " You should sue your landlord."}),
    ("review_answers_someone_else", {"response": prose(
        'I am sorry. You wrote, "my dog ran into the river", and your sister left after the funeral.', 4, 20,
    ).replace("kettle", "parrot").replace("song", "drum").replace("hour", "noon")}),
]


def test_each_reason_is_given_and_counted_once(stage: Run) -> None:
    rows = [row("good"), *(row(reason, **spoiled) for reason, spoiled in SPOILED)]
    stage.write(rows).run()
    assert stage.corpus == [rows[0]]
    assert list(stage.rejected) == [reason for reason, _ in SPOILED]
    for name, one in stage.rejected.items():
        assert (one["reason"], one["also"]) == (name, [])
        assert one["detail"].startswith(("explanation: ", "response: "))
    counted = {reason for reason, times in stage.metrics["dropped"].items() if times == 1}
    assert counted == {reason for reason, _ in SPOILED}


@pytest.mark.parametrize(("reason", "story"), [
    ("offensive", "Ben was late. His boss is an asshole."), ("assistant_talk", "Ben was late. I hope this helps!"),
    ("refusal", "I cannot help with that."), ("personal_data", "Ben (ben@example.com) was late."),
    ("sensitive_self_harm", "Ben was late. Ben feels suicidal."), ("review_drugs", "Ben was late. His son takes heroin."),
    ("repetition", "Ben was late for work today. " * 5), ("truncated", "Ben was late for"),
])
def test_the_story_is_read_too_as_it_is_released(stage: Run, reason: str, story: str) -> None:
    stage.write([row("good"), row("spoiled", story=story)]).run()
    assert stage.rejected["spoiled"]["reason"] == reason
    assert stage.rejected["spoiled"]["detail"].startswith("story: ")


def test_metrics_name_every_reason(stage: Run) -> None:
    stage.write([row("good")]).run()
    assert list(stage.metrics) == ["rows_in", "rows_out", "dropped", "masked", "stale_decisions", "kept_by_decision"]
    assert stage.metrics["dropped"] == dict.fromkeys(sorted(REASONS), 0)
    assert (stage.metrics["rows_in"], stage.metrics["rows_out"]) == (1, 1)


def test_first_rule_names_the_reason_and_the_others_are_kept(stage: Run) -> None:
    worst = row(
        "worst",
        explanation=EXPLANATION + " My cousin was murdered, and I feel suicidal, and my boss is a bitch.",
        response="Get drunk and",
    )
    stage.write([row("good"), worst]).run()
    found = stage.rejected["worst"]
    assert found["reason"] == "response_too_short"
    assert found["also"] == ["truncated", "offensive", "unsafe_advice", "sensitive_self_harm", "review_violence"]
    assert found["detail"] == "response: 3 words, at least 60"


def test_rejected_rows_keep_all_they_had(stage: Run) -> None:
    bad = row("bad", response="No.", mood={"a": [1, None]}, note="ü")
    stage.write([row("good"), bad]).run()
    found = stage.rejected["bad"]
    assert {name: found[name] for name in bad} == bad
    assert set(found) - set(bad) == {"reason", "detail", "also", "evidence", "content_hash"}
    assert found["content_hash"] == hash_of(bad)


REASON_OF = {"drop": "sensitive_drugs", "review": "review_drugs", "keep": None}


@pytest.mark.parametrize("explanation", list(REASON_OF))
@pytest.mark.parametrize("response", list(REASON_OF))
def test_policy_of_a_topic_is_separate_for_each_text(stage: Run, explanation: str, response: str) -> None:
    stage.set(
        "drugs: {explanation: review, response: review}", f"drugs: {{explanation: {explanation}, response: {response}}}"
    )
    rows = [
        row("good"), row("told", explanation=EXPLANATION + " My son takes heroin."),
        row("said", response=RESPONSE + " Your son takes heroin, and you are tired."),
    ]
    stage.write(rows).run()
    assert stage.rejected.get("told", {}).get("reason") == REASON_OF[explanation]
    assert stage.rejected.get("said", {}).get("reason") == REASON_OF[response]


def test_encouragement_of_harm_is_dropped_whatever_the_policies(stage: Run) -> None:
    for policy in ("drop", "review"):
        stage.params.write_text(stage.params.read_text().replace(f"response: {policy}", "response: keep"))
    stage.write([row("good"), row("harm", response=RESPONSE + " Maybe you should just kill yourself.")]).run()
    assert stage.rejected["harm"]["reason"] == "unsafe_advice"


MENTION = EXPLANATION + " Some nights I think about killing myself."
HELP = RESPONSE + " Please call a crisis line tonight, or tell your doctor."


@pytest.mark.parametrize("policy", ["drop", "review", "keep"])
def test_a_mention_of_suicide_calls_for_a_pointer_to_help(stage: Run, policy: str) -> None:
    stage.set("self_harm: {explanation: drop,", "self_harm: {explanation: keep,")
    stage.set("no_pointer_to_help: review", f"no_pointer_to_help: {policy}")
    stage.write([row("good"), row("alone", MENTION), row("helped", MENTION, HELP), row("no mention", response=HELP)]).run()
    reason = {"drop": "no_pointer_to_help", "review": "review_no_pointer_to_help", "keep": None}[policy]
    assert {name: one["reason"] for name, one in stage.rejected.items()} == ({"alone": reason} if reason else {})
    assert [one["id"] for one in stage.queue] == (["alone"] if policy == "review" else [])


def test_a_dropped_mention_is_not_counted_as_a_missing_pointer_too(stage: Run) -> None:
    stage.write([row("good"), row("alone", MENTION)]).run()
    assert (stage.rejected["alone"]["reason"], stage.rejected["alone"]["also"]) == ("sensitive_self_harm", [])


def test_a_change_of_policy_moves_rows_between_named_reasons(stage: Run) -> None:
    rows = [row("good"), row("a", EXPLANATION + " My cousin was murdered."), row("b", EXPLANATION + " He was stabbed.")]
    before = stage.write(rows).run().metrics["dropped"]
    other = stage.folder / "other" / "params.yaml"
    shutil.copytree(stage.folder / "profiles", other.parent / "profiles")
    shutil.copytree(stage.folder / "domains", other.parent / "domains")
    other.write_text(stage.params.read_text().replace("violence: {explanation: review", "violence: {explanation: drop"))
    stage.params = other
    after = stage.run().metrics["dropped"]
    assert list(before) == list(after)
    moved = {reason: after[reason] - before[reason] for reason in before if after[reason] != before[reason]}
    assert moved == {"review_violence": -2, "sensitive_violence": 2}
    assert stage.queue == []


def test_held_rows_stand_in_the_queue_with_their_evidence(stage: Run) -> None:
    held = row("held", EXPLANATION + " My cousin was murdered.", RESPONSE + " You should sue them. Murdered, you said.")
    both = row("both", EXPLANATION + " My cousin was murdered, and I feel suicidal.")
    stage.write([row("good"), held, both]).run()
    assert stage.rejected["held"]["reason"] == "review_violence" and stage.rejected["held"]["also"] == ["review_medical_legal"]
    (one,) = stage.queue
    assert list(one) == ["id", "content_hash", "reason", "evidence", "story", "explanation", "response"]
    assert (one["id"], one["content_hash"], one["reason"]) == ("held", hash_of(held), "review_violence")
    assert [(e["reason"], e["field"]) for e in one["evidence"]] == [
        ("review_violence", "explanation"), ("review_medical_legal", "response"),
    ]
    cut = [[one[e["field"]][start:end] for start, end in e["spans"]] for e in one["evidence"]]
    assert cut == [["murdered"], ["You should sue", "sue them"]] or cut == [["murdered"], ["You should sue"]]
    assert len(read_queue(stage.outputs[3])) == 1
    # Once decided, it waits no longer; a skip with a note decides nothing.
    stage.write([row("good"), held, both], f"held,{hash_of(held)},skip,,later\n").run()
    assert len(stage.queue) == 1 and stage.metrics["stale_decisions"] == 0
    stage.write([row("good"), held, both], f"held,{hash_of(held)},drop,,\n").run()
    assert stage.queue == [] and stage.rejected["held"]["reason"] == "decision"


def test_personal_data_is_masked_where_the_params_say_so(stage: Run) -> None:
    stage.set("personal_data: drop", "personal_data: mask")
    told = EXPLANATION + " Write to ben@example.com, or call (212) 736-5000."
    spoiled = row("private", told, RESPONSE + " See https://example.com/x.", story="Ben (ben@example.com) was late.")
    held = row("held", told + " My cousin was murdered.")
    stage.write([row("good"), spoiled, held]).run()
    assert stage.corpus[0] == row("good")
    assert stage.corpus[1] == {
        **spoiled, "explanation": EXPLANATION + " Write to [EMAIL], or call [PHONE].", "response": RESPONSE + " See [URL].",
        "story": "Ben ([EMAIL]) was late.",
    }
    assert stage.metrics["masked"] == 2 and stage.metrics["dropped"]["personal_data"] == 0
    # The decision is about the text that the review shows: the masked one.
    (one,) = stage.queue
    assert "[EMAIL]" in one["explanation"] and one["content_hash"] == stage.rejected["held"]["content_hash"] == hash_of(one)
    stage.write([row("good"), spoiled, held], f"held,{one['content_hash']},keep,,\n").run()
    assert [pair["id"] for pair in stage.corpus] == ["good", "private", "held"]
    stage.set("personal_data: mask", "personal_data: drop")
    stage.run()
    assert stage.metrics["masked"] == 0 and stage.metrics["dropped"]["personal_data"] == 2


def test_the_number_of_processes_changes_no_byte(stage: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [row("good"), *(row(reason, **spoiled) for reason, spoiled in SPOILED)]
    alone = [path.read_bytes() for path in stage.write(rows).run().outputs]
    monkeypatch.setattr(judging, "CHUNK", 3)
    monkeypatch.setattr(judging, "ALONE", 0)
    assert [path.read_bytes() for path in stage.run().outputs] == alone


def test_the_queue_may_be_left_out(stage: Run) -> None:
    paths = [str(path) for path in (*stage.inputs, *stage.outputs[:3])]
    stage.write([row("good"), row("held", EXPLANATION + " My cousin was murdered.")])
    assert command(stage, *paths).returncode == 0
    assert not stage.outputs[3].exists() and stage.rejected["held"]["reason"] == "review_violence"


def test_bounds_are_from_params_and_inclusive(stage: Run) -> None:
    words = len(EXPLANATION.split())
    stage.set("explanation_min_words: 40", f"explanation_min_words: {words}")
    stage.set("explanation_max_words: 200", f"explanation_max_words: {words}")
    stage.write([row("same"), row("more", explanation=EXPLANATION + " Yes.")]).run()
    assert stage.rejected["more"]["reason"] == "explanation_too_long"
    assert [one["id"] for one in stage.corpus] == ["same"]


def test_decisions_overrule_the_rules(stage: Run) -> None:
    held = row("held", explanation=EXPLANATION + " My cousin was murdered.")
    rows = [row("good"), held, row("short", response="No.")]
    decisions = (
        f"held,{hash_of(rows[1])},keep,reviewed,\n"
        f"good,{hash_of(rows[0])},drop,private,\"names, and a place\"\n"
        f"short,{hash_of(rows[2])},drop,,\n"
    )
    stage.write(rows, decisions).run()
    assert stage.corpus == [rows[1]]
    good, short = stage.rejected["good"], stage.rejected["short"]
    assert (good["reason"], good["detail"], good["also"]) == ("decision", "private: names, and a place", [])
    assert (short["reason"], short["also"]) == ("decision", ["response_too_short"])
    assert stage.metrics["dropped"]["decision"] == 2
    assert stage.metrics["kept_by_decision"] == 1
    assert stage.metrics["stale_decisions"] == 0


def test_a_decision_does_not_cover_a_pair_that_was_made_anew(stage: Run) -> None:
    held = row("held", explanation=EXPLANATION + " My cousin was murdered.")
    old = {**held, "response": RESPONSE + " Yes."}
    stage.write([row("good"), held], f"held,{hash_of(old)},keep,,\ngone,{'0' * 16},drop,,\n").run()
    assert stage.rejected["held"]["reason"] == "review_violence"
    assert stage.metrics["stale_decisions"] == 2
    assert stage.metrics["kept_by_decision"] == 0
    # The old decision and a new one for the same id may stand side by side.
    stage.write([row("good"), held], f"held,{hash_of(old)},drop,,\nheld,{hash_of(held)},keep,,\n").run()
    assert [one["id"] for one in stage.corpus] == ["good", "held"]
    assert (stage.metrics["stale_decisions"], stage.metrics["kept_by_decision"]) == (1, 1)


def test_a_keep_for_a_good_pair_is_no_rescue(stage: Run) -> None:
    stage.write([row("good")], f"good,{hash_of(row('good'))},keep,,\n").run()
    assert (stage.metrics["stale_decisions"], stage.metrics["kept_by_decision"]) == (0, 0)


def test_rejected_rows_carry_the_hash_that_decisions_need(stage: Run) -> None:
    rows = [row("good"), row("held", explanation=EXPLANATION + " My cousin, Zoë, was murdered.")]
    held = stage.write(rows).run().rejected["held"]
    stage.write(rows, f"{held['id']},{held['content_hash']},keep,,\n").run()
    assert len(stage.corpus) == 2 and stage.outputs[1].read_bytes() == b""


def breaking(stage: Run, how: str) -> str:
    """Make the inputs wrong, and give a part of the message that must come."""
    rows, decisions = [row("good")], ""
    if how == "empty corpus":
        rows = [row("a", response="No."), row("b", response="No!"), row("c", explanation="I was late.")]
        message = "no pair of 3 passes the rules, the commonest reason is response_too_short 2"
    elif how == "no rows":
        rows, message = [], "responses.jsonl: no rows"
    elif how == "decisions":
        decisions, message = "a,1,keep,,\n", "decisions.csv:2: field 'content_hash'"
    elif how == "field":
        rows.append({name: value for name, value in row("b").items() if name != "response"})
        message = "responses.jsonl:2: field 'response': missing"
    elif how == "duplicate":
        rows.append(row("good"))
        message = "responses.jsonl:2: field 'id': duplicate id"
    else:
        stage.set("explanation_min_words: 40", "explanation_min_words: 400")
        message = "field 'filter': explanation_min_words 400 is above explanation_max_words 200"
    stage.write(rows, decisions)
    return message


@pytest.mark.parametrize("how", ["empty corpus", "no rows", "decisions", "field", "duplicate", "params"])
def test_errors_leave_earlier_outputs_untouched(stage: Run, how: str) -> None:
    stage.write([row("good"), row("bad", response="No.")]).run()
    before = {path: path.read_bytes() for path in stage.outputs}
    message = breaking(stage, how)
    with pytest.raises((InputError, ParamsError)) as caught:
        stage.run()
    assert message in str(caught.value)
    assert {path: path.read_bytes() for path in stage.outputs} == before
    assert not list(stage.folder.rglob("*.part"))


def command(stage: Run, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stages.filter", *arguments],
        cwd=stage.folder, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, text=True, timeout=120,
    )


def test_command_line(stage: Run) -> None:
    paths = [str(path) for path in (*stage.inputs, *stage.outputs)]
    done = command(stage, *stage.write([row("good"), row("bad", response="No.")]) and paths)
    assert done.returncode == 0, done.stderr
    assert "filter: 2 pairs in, 1 out (response_too_short 1)" in done.stderr
    stage.write([row("bad", response="No.")])
    failed = command(stage, *paths)
    assert failed.returncode == 1
    lines = [line for line in failed.stderr.splitlines() if not line.startswith("filter: ")]
    assert len(lines) == 1 and lines[0].startswith("error: ") and "response_too_short" in lines[0]
    shown = command(stage, "--help")
    assert shown.returncode == 0 and "python -m stages.filter data/responses.jsonl" in shown.stdout


SENTENCES = ["", " I feel suicidal.", " My cousin was murdered.", " @someone", " My boss is an asshole.", " And", "."]
DECIDED = ["", "keep", "drop", "stale"]


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from(SENTENCES), st.sampled_from(SENTENCES), st.sampled_from(DECIDED)),
        min_size=1, max_size=8,
    )
)
def test_rows_are_conserved_in_order_and_in_bytes(made: list[tuple[str, str, str]]) -> None:
    rows = [row("anchor"), *(row(f"r{k}", EXPLANATION + e, RESPONSE + r) for k, (e, r, _) in enumerate(made))]
    decided = {f"r{k}": decision for k, (_, _, decision) in enumerate(made) if decision}
    lines = "".join(
        f"{one['id']},{'0' * 16 if (what := decided[one['id']]) == 'stale' else hash_of(one)}"
        f",{'keep' if what == 'stale' else what},,\n"
        for one in rows if one["id"] in decided
    )
    with tempfile.TemporaryDirectory() as folder:
        stage = Run(Path(folder)).write(rows, lines).run()
        kept, rejected, metrics = stage.corpus, stage.rejected, stage.metrics
        first = [path.read_bytes() for path in stage.outputs]
        assert first == [path.read_bytes() for path in stage.run().outputs]
    order = [one["id"] for one in rows]
    assert metrics["rows_in"] == len(rows) == metrics["rows_out"] + sum(metrics["dropped"].values())
    assert sorted([*(one["id"] for one in kept), *rejected], key=order.index) == order
    assert [one["id"] for one in kept] == [name for name in order if name not in rejected]
    assert list(rejected) == [name for name in order if name in rejected]
    assert metrics["stale_decisions"] == sum(what == "stale" for what in decided.values())
    for name, what in decided.items():
        if what != "stale":
            assert (name in rejected) == (what == "drop")
    for one in rejected.values():
        assert one["reason"] in REASONS and set(one["also"]) <= set(REASONS)
        assert one["reason"] not in one["also"]
