"""The filter at the paper's size: time at 1x, 2x and 4x of 26,250 pairs, rows a second, peak memory, what was found.

    python -m benchmarks.filter                 # 26,250, 52,500 and 105,000 pairs
    python -m benchmarks.filter --base 2000     # a quick look

It makes its own pairs (seeded): an explanation of about 100 words and a response of about 150 that speaks of it. One
pair in fifty is spoiled for each reason in turn, so what must be found is known. Each size runs as its own process with
params.yaml (`dvc repro safety` makes the classifier that it names). Seconds are of the wall; CPU seconds are of all processes
together, and stay comparable on a busy machine. Memory is the sum over the processes (pages shared count twice).
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

from synthempathy.filters.decisions import COLUMNS

ROOT = Path(__file__).parents[1]
SPOILED_SHARE = 50  # one pair in so many
SEED = 20

DEEDS = """
sat in the parked car|counted the weeks left on the calendar|wrote a careful reply and softened it|left the dishes for days
walked home by the long way|stood in the hallway and listened|read the letter three times|laid out clothes for the morning
watched the curtains turn grey|forgot what the shop was for|put the phone face down|nodded and went back to the desk
made a list and lost it|smiled until the door closed|held the bag on both knees|let the kettle boil dry
""".strip().replace("\n", "|").split("|")
TROUBLES = """
The deadline was moved to Monday and nobody told me|My sister has not called since the dinner|The rent goes up in June
My manager read my mistakes out to the whole team|I failed the exam that I had studied for all summer
My best friend moved away and the flat is quiet|The doctor says that we must wait for the results
The car broke down again and the savings are gone|My father cannot remember my name on some days
The new neighbour plays music until four|I was passed over for the post that I had been promised
""".strip().replace("\n", "|").split("|")
FEELINGS = ["worn out", "ashamed", "lonely", "anxious", "furious", "hollow", "guilty", "helpless", "tense", "sad"]
THOUGHTS = ["I should be over this by now", "nobody would notice", "I always ruin it", "it is my fault", "I will never catch up"]
FILLERS = """
I keep going over it at night, and in the morning it starts again.|It is not the first time, and I doubt that it is the last.
People say that it will pass, and I nod, and nothing passes.|I have told hardly anyone, because I do not know how to begin.
There are good hours too, and then one small thing is enough.|I try to keep busy, but the day has holes in it.
""".strip().replace("\n", "|").split("|")
COMFORTS = """
That is a great deal to hold at once, and I am glad that you said it.|Anyone in your place would find that hard.
What you feel is a fair answer to what happened.|You did not choose this, and it is heavy all the same.
I am on your side, and I am in no hurry.|There is nothing weak about being tired after a week like that.
It makes sense that one small thing is enough, when so much stands behind it.|I hear how long you have carried this alone.
""".strip().replace("\n", "|").split("|")

#: reason -> the text that is spoiled, and the sentence put at its end (or "" where `spoiled` does it another way).
SENTENCES = {
    "refusal": ("response", "I am sorry, but I cannot assist with that."),
    "assistant_talk": ("response", "I hope this helps!"),
    "prompt_echo": ("response", "Reasoning: the person is tired."),
    "personal_data": ("explanation", "You can call me at (212) 736-5000 or write to jo.roe@example.com."),
    "offensive": ("explanation", "My boss is such an asshole."),
    "unsafe_advice": ("response", "Honestly, just stop taking your medication."),
    "other_language": ("response", "Lo siento mucho, debe ser muy dificil vivir con esto todos los dias, y quiero que sepas que "
                    "no estas sola en este camino tan largo."),
    "sensitive_self_harm": ("explanation", "Some nights I think about killing myself."),
    "sensitive_sexual_content": ("explanation", "He watches porn all night."),
    "sensitive_minors": ("explanation", "They found child porn on his computer."),
    "review_abuse": ("explanation", "He hits me when he drinks."),
    "review_violence": ("explanation", "My cousin was murdered."),
    "review_drugs": ("explanation", "My brother takes heroin again."),
    "review_eating_disorders": ("explanation", "I have anorexia."),
    "review_medical_legal": ("response", "You should sue your employer."),
    "repetition": ("response", "You are strong. " * 6),
    "truncated": ("response", "And then I"),
    "response_too_short": ("response", ""),
    "response_too_long": ("response", ""),
    "explanation_too_short": ("explanation", ""),
    "explanation_too_long": ("explanation", ""),
    "not_first_person": ("explanation", ""),
    "review_answers_someone_else": ("response", ""),
}

Texts = tuple[str, str]


def sound_pair(draw: random.Random, around: int = 0) -> Texts:
    """An explanation and a response to it, its deeds and trouble taken from one half of the lists (`around` 0 or 1)."""
    deeds, troubles = draw.sample(DEEDS[around::2], 4), draw.choice(TROUBLES[around::2])
    feelings, thought = draw.sample(FEELINGS, 2), draw.choice(THOUGHTS)
    told = [
        f"{troubles}.", f"That week I {deeds[0]}, and then I {deeds[1]}.", draw.choice(FILLERS),
        f"I feel {feelings[0]} and {feelings[1]}.", f'I kept telling myself, "{thought}."',
        f"Since then I have {deeds[2]} more than once, and yesterday I {deeds[3]}.", *draw.sample(FILLERS, 3),
    ]
    said = [
        f'I am so sorry. You wrote, "{troubles}", and I felt its weight.', f"You told me that you {deeds[0]}.",
        f"When you {deeds[1]}, no wonder that you felt {feelings[0]}.", *draw.sample(COMFORTS, 6),
        f"It must have been wearing, too, that you {deeds[2]} and felt so {feelings[1]}.",
        f'When "{thought}" comes up, it may help to see it as a thought and not a fact.',
        f"What was it like for you when you {deeds[3]}?",
    ]
    return " ".join(told), " ".join(said)


def spoiled(pair: Texts, reason: str, draw: random.Random) -> Texts:
    """The pair as `reason` must find it."""
    told, said = pair
    field, sentence = SENTENCES[reason]
    if reason.endswith("too_short"):
        told, said = (told[:40] + ".", said) if field == "explanation" else (told, said[:40] + ".")
    elif reason.endswith("too_long"):
        more = " ".join(f"I waited in place{k}, and then hour{k} came, and I felt it." for k in range(30))
        told, said = (f"{told} {more}", said) if field == "explanation" else (told, f"{said} {more}")
    elif reason == "not_first_person":
        words = {"I": "Ann", "My": "Her", "my": "her", "me": "her", "me.": "her.", "we": "they", "myself,": "her,"}
        told = " ".join(words.get(word, word) for word in told.replace('"', "").split())
    elif reason == "review_answers_someone_else":
        told, said = sound_pair(draw, 0)[0], sound_pair(draw, 1)[1]
    elif field == "explanation":
        told = f"{told} {sentence}"
    else:
        said = f"{said} {sentence}".rstrip()
    return told, said


def write_pairs(path: Path, pairs: int) -> dict[str, str]:
    """Write responses.jsonl; give the reason planted in each row that has one, by id."""
    draw = random.Random(SEED)
    planted: dict[str, str] = {}
    reasons = list(SENTENCES)
    with path.open("w", encoding="utf-8") as stream:
        for number in range(pairs):
            pair = sound_pair(draw, number % 2)
            name = f"p{number:06}"
            if number % SPOILED_SHARE == 1:
                planted[name] = reasons[number // SPOILED_SHARE % len(reasons)]
                pair = spoiled(pair, planted[name], draw)
            row = {
                "id": name, "seed_id": f"s{number // 20}", "category": "Work", "seed": "-", "story": pair[0], "model": "-",
                "explanation": pair[0], "explanation_model": "-", "response": pair[1], "reasoning": "",
            }
            stream.write(json.dumps(row) + "\n")
    return planted


def measured(folder: Path, params: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak GB of the stage in `folder`."""
    names = ("responses.jsonl", "decisions.csv", "corpus.jsonl", "rejected.jsonl", "filter.json", "queue.jsonl")
    command = [sys.executable, "-m", "stages.filter", *(str(folder / name) for name in names), "--params", str(params)]
    started = time.perf_counter()
    running = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    whole, peak, cpu = psutil.Process(running.pid), 0, {}
    while running.poll() is None:
        try:
            family = [whole, *whole.children(recursive=True)]
            peak = max(peak, sum(one.memory_info().rss for one in family))
            cpu.update({one.pid: sum(one.cpu_times()[:2]) for one in family})
        except psutil.NoSuchProcess:
            pass
        time.sleep(0.1)
    if running.returncode:
        sys.exit(f"the filter failed: {' '.join(command)}")
    return time.perf_counter() - started, sum(cpu.values()), peak / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base", type=int, default=26_250, help="pairs at 1x (default: 26250)")
    parser.add_argument("--params", type=Path, default=ROOT / "params.yaml", help="default: params.yaml")
    given = parser.parse_args()
    base = given.base
    print("   pairs   seconds  ratio  CPU seconds  ratio  rows/s  peak GB")
    first: tuple[float, float] | None = None
    for times in (1, 2, 4):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "decisions.csv").write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
            planted = write_pairs(folder / "responses.jsonl", base * times)
            seconds, cpu, memory = measured(folder, given.params.resolve())
            rows = [json.loads(line) for line in (folder / "rejected.jsonl").read_text(encoding="utf-8").splitlines()]
        first = first or (seconds, cpu)
        print(f"{base * times:8,} {seconds:9.1f} {seconds / first[0]:6.2f} {cpu:12.1f} {cpu / first[1]:6.2f} "
              f"{base * times / seconds:7,.0f} {memory:8.2f}", flush=True)
    found = {row["id"]: row["reason"] for row in rows}
    print("\nreason planted                rows    found")
    for reason, count in Counter(planted.values()).items():
        hits = sum(found.get(name) == reason for name, wanted in planted.items() if wanted == reason)
        print(f"{reason:28} {count:5} {hits / count:8.1%}")
    print(f"sound pairs rejected: {len(found.keys() - planted.keys())} of {base * 4 - len(planted):,}")


if __name__ == "__main__":
    main()
