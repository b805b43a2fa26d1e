"""The OpenAI engine against a real server that fails: no row lost, tries bounded, the key nowhere, Ctrl-C clean."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import traceback
import tracemalloc
from pathlib import Path

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from synthempathy.core.errors import ModelError
from synthempathy.llm.backends import Completion, Request
from synthempathy.llm.backends import openai as module
from synthempathy.llm.backends.openai import Failure, OpenaiBackend
from synthempathy.llm.backends.openai_replies import fault_of, one_line, retry_after
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Sampling, Server, ServerSpeed
from synthempathy.llm.store import Store
from synthempathy.llm.store_key import KeyMaker
from synthempathy.project.params import load_params
from tests.helpers.flaky_server import (
    FAULTS,
    RETRY_AFTER_DATE,
    RETRY_AFTER_SECONDS,
    RETRY_AFTER_TIME,
    FlakyServer,
    a_third_fails,
    always,
)

ROOT = Path(__file__).parents[3]
SAMPLING = Sampling(temperature=0.9, top_p=0.95, max_tokens=24, seed=1)
KEY = "sk-live-Zq81vX0tTn55"
PATIENT = 60.0  # far above what a busy machine takes


@pytest.fixture(autouse=True)
def surroundings(monkeypatch):
    """No proxy stands between the tests and their server, and the only key is the one a test sets."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


class Sleep:
    """Takes no time; remembers what was asked for."""

    def __init__(self):
        self.waits = []

    async def __call__(self, seconds):
        self.waits.append(seconds)
        await asyncio.sleep(0)


def server_of(url, **changed):
    return Engine(backend="openai", openai=Server(**{"base_url": url} | changed))


def machine(**changed):
    usual = {
        "concurrency": 8, "timeout_seconds": PATIENT, "max_retries": 2, "backoff_seconds": 0.5, "backoff_cap_seconds": 8.0,
    }
    params = load_params(ROOT / "params.yaml")
    return params.machine.model_copy(update={"openai": ServerSpeed(**usual | changed)})


def engine(url, *, sleep=None, api_key_env="OPENAI_API_KEY", **changed):
    now = lambda: RETRY_AFTER_TIME - 11  # noqa: E731
    served = server_of(url, api_key_env=api_key_env)
    return OpenaiBackend(Model("org/model"), served, machine(**changed), sleep=sleep or Sleep(), now=now)


def patience(fault, short=1.0):
    """Short where the time-out is what is tested, so that nothing else can time out on a busy machine."""
    return short if FAULTS.get(fault) == "timeout" else PATIENT


def requests(count):
    return [Request(f"id-{i}", [{"role": "user", "content": f"row {i}"}], seed=100 + i) for i in range(count)]


def engine_threads():
    return [thread for thread in threading.enumerate() if thread.name == "openai-engine"]


# What is sent, what comes back


def test_a_request_carries_all_that_decides_its_text(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    messages = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Über \U0001f642"}]
    with FlakyServer(always("ok")) as server:
        found = list(engine(server.url + "/").complete([Request("a", messages, 7)], SAMPLING))
    assert server.bodies == [{
        "model": "org/model", "messages": messages, "seed": 7, "temperature": 0.9, "top_p": 0.95, "max_tokens": 24,
    }]
    assert server.keys == [f"Bearer {KEY}"]
    assert found == [Completion("a", "Über \U0001f642, drawn with 7", "stop", 11, 5)]


def test_without_a_key_none_is_sent():
    with FlakyServer(always("ok")) as server:
        list(engine(server.url).complete(requests(1), SAMPLING))
    assert server.keys == [None]


def test_seeds_stay_within_what_every_server_reads():
    asked = [Request(str(seed), [{"role": "user", "content": "x"}], seed) for seed in (2**63 - 1, 2**40 + 9)]
    with FlakyServer(always("ok")) as server:
        list(engine(server.url, concurrency=1).complete(asked, SAMPLING))
    assert [body["seed"] for body in server.bodies] == [2**31 - 1, 9]


def reply(message, finish_reason="stop", **more):
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish_reason}], **more}


USAGE = {"usage": {"prompt_tokens": 3, "completion_tokens": 2}}
UNCOUNTED = Completion("id-0", "x", "stop", 0, 0)


@pytest.mark.parametrize(("answer", "found"), [
    (reply({"content": " cut "}, "length", **USAGE), Completion("id-0", "cut", "length", 3, 2)),
    (reply({"content": ""}, **USAGE), Completion("id-0", "", "stop", 3, 2)),
    (reply({"content": None, "reasoning_content": "hm"}, **USAGE), Completion("id-0", "<think>hm</think>", "stop", 3, 2)),
    (reply({"content": "x", "reasoning": "hm"}, **USAGE), Completion("id-0", "<think>hm</think>\nx", "stop", 3, 2)),
    (reply({"content": "x", "reasoning": None, "reasoning_content": ""}, **USAGE), Completion("id-0", "x", "stop", 3, 2)),
    (reply({"content": [{"type": "text", "text": "I "}, {"type": "image_url"}, {"type": "text", "text": "hear"}]}, **USAGE),
     Completion("id-0", "I hear", "stop", 3, 2)),
    (reply({"content": "x"}, "content_filter"), Failure("id-0", "refused_by_server", "finish_reason 'content_filter'")),
    (reply({"content": "x"}, "SAFETY"), Failure("id-0", "refused_by_server", "finish_reason 'SAFETY'")),
    (reply({"content": "x"}, "tool_calls"), Failure("id-0", "bad_response", "finish_reason 'tool_calls'")),
    (reply({"content": "x"}, "end_turn", **USAGE), Completion("id-0", "x", "stop", 3, 2)),
    (reply({"content": "x"}, "MAX_TOKENS", **USAGE), Completion("id-0", "x", "length", 3, 2)),
    (reply({"content": "x"}, None, **USAGE), Completion("id-0", "x", "stop", 3, 2)),
    ({"choices": [{"message": {"content": "x"}}]}, UNCOUNTED),
    (reply({"content": "x"}, ["stop"]), Failure("id-0", "bad_response", "finish_reason ['stop']")),
    (reply({"content": None}, None), Failure("id-0", "bad_response", "finish_reason None")),
    (reply({"content": None, "refusal": "I can't."}, **USAGE), Completion("id-0", "I can't.", "stop", 3, 2)),
    (reply({"content": "x"}), UNCOUNTED),
    (reply({"content": "x"}, usage=None), UNCOUNTED),
    (reply({"content": "x"}, usage={"prompt_tokens": None, "completion_tokens": "2"}), UNCOUNTED),
    (reply({"content": "x"}, usage={"prompt_tokens": 10**30, "completion_tokens": -1}), UNCOUNTED),
])
def test_an_answer_is_read(answer, found):
    with FlakyServer(always("ok"), answer=answer) as server:
        assert list(engine(server.url).complete(requests(1), SAMPLING)) == [found]
    assert server.requests == 1


@pytest.mark.parametrize("answer", [
    {"choices": []}, {"choices": None}, {"choices": [{"finish_reason": "stop"}]}, [1], {"nothing": 1}, reply("text"),
    reply({"content": ["part"]}), reply({"content": 3}),
])
def test_what_is_no_completion_is_tried_again_and_given_up(answer):
    with FlakyServer(always("ok"), answer=answer) as server:
        found = list(engine(server.url).complete(requests(1), SAMPLING))
    assert [(failure.id, failure.reason) for failure in found] == [("id-0", "bad_response")]
    assert found[0].detail.startswith("no chat completion: ")
    assert server.requests == 3


def test_an_answer_that_never_ends_or_unpacks_to_gigabytes_costs_its_bound():
    tracemalloc.start()
    with FlakyServer(lambda row, number: {"row 0": "endless", "row 1": "bomb", "row 3": "tail"}.get(row, "ok")) as server:
        found = {one.id: one for one in engine(server.url, max_retries=0, max_answer_mb=2.0).complete(requests(4), SAMPLING)}
        _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found["id-2"], Completion)
    assert {found[row].detail for row in ("id-0", "id-1")} == {
        "longer than 2,000,000 bytes (machine.openai.max_answer_mb) (tries: 1)"
    }
    assert found["id-3"].detail == "cannot be unpacked: more follows where it ends (tries: 1)"
    assert peak < 30_000_000
    assert set(server.packings) == {"identity"}


def test_a_server_that_packs_all_the_same_is_read():
    with FlakyServer(always("gzip")) as server:
        assert [type(one) for one in engine(server.url).complete(requests(1), SAMPLING)] == [Completion]


def test_an_error_is_quoted_by_its_first_kilobyte():
    assert one_line("x" * 10**7, limit=5000) == "x" * 1024


def test_missing_usage_is_said_once(capsys):
    with FlakyServer(always("ok"), answer=reply({"content": "x"})) as server:
        asking = engine(server.url)
        for _ in range(2):
            list(asking.complete(requests(5), SAMPLING))
    said = capsys.readouterr().err.splitlines()
    assert said == [f"{server.url}/chat/completions reports no token usage: its tokens are counted as 0"]


def test_no_requests_no_answers():
    with FlakyServer(always("ok")) as server:
        assert list(engine(server.url).complete([], SAMPLING)) == []
    assert not engine_threads()


def test_answers_come_as_they_finish():
    with FlakyServer(lambda row, number: "stall" if row == "row 0" else "ok") as server:
        answers = engine(server.url).complete(requests(20), SAMPLING)
        first = {next(answers).id for _ in range(19)}
        answers.close()
    assert first == {f"id-{i}" for i in range(1, 20)}


# Failing


def test_when_a_third_fails_every_row_ends_answered_or_failed_with_its_cause():
    rows, retries = 90, 2
    plan = a_third_fails(seed=43)  # with this one every fault comes up, and rows are given up for every reason
    with FlakyServer(plan) as server:
        # On a busy machine an endless body takes seconds to be read to its bound.
        asking = engine(server.url, timeout_seconds=20.0, max_retries=retries)
        found = list(asking.complete(requests(rows), SAMPLING))
    assert sorted(outcome.id for outcome in found) == sorted(f"id-{i}" for i in range(rows))
    for outcome in found:
        row = "row " + outcome.id.removeprefix("id-")
        planned = [plan(row, number) for number in range(1, retries + 2)]
        planned = planned[: planned.index("ok") + 1] if "ok" in planned else planned
        assert server.tries[row] == planned
        if planned[-1] == "ok":
            assert outcome == Completion(outcome.id, f"{row}, drawn with {100 + int(row[4:])}", "stop", 11, 5)
        else:
            assert isinstance(outcome, Failure)
            assert outcome.reason == FAULTS[planned[-1]]
            assert outcome.detail.endswith("(tries: 3)")
    assert asking.retries == server.requests - rows
    assert server.peak <= 8
    assert {fault for tries in server.tries.values() for fault in tries} == {"ok", *FAULTS}
    assert {outcome.reason for outcome in found if isinstance(outcome, Failure)} == set(FAULTS.values())


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_fault_that_does_not_pass_is_given_up_by_name(fault):
    with FlakyServer(always(fault)) as server:
        asking = engine(server.url, timeout_seconds=patience(fault))
        found = list(asking.complete(requests(2), SAMPLING))
    assert sorted((failure.id, failure.reason) for failure in found) == [(f"id-{i}", FAULTS[fault]) for i in range(2)]
    assert all(len(failure.detail.splitlines()) == 1 and len(failure.detail) < 250 for failure in found)
    assert {row: len(tries) for row, tries in server.tries.items()} == {"row 0": 3, "row 1": 3}
    assert asking.retries == 4


@pytest.mark.parametrize("fault", list(FAULTS))
def test_a_fault_that_passes_costs_one_more_request(fault):
    with FlakyServer(lambda row, number: fault if number == 1 else "ok") as server:
        asking = engine(server.url, timeout_seconds=patience(fault, 3.0))
        found = list(asking.complete(requests(1), SAMPLING))
    assert [type(outcome) for outcome in found] == [Completion]
    assert (server.requests, asking.retries) == (2, 1)


@pytest.fixture
def nowhere():
    with socket.socket() as taken:  # bound, never listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


@pytest.mark.parametrize("rows", [1, 3, 5000])
def test_a_server_that_is_not_there_ends_the_run_early_with_one_line(nowhere, rows):
    asking, found = engine(nowhere, concurrency=8), []
    with pytest.raises(ModelError, match=f"^no server at {nowhere}: ConnectError: .*; start it, or correct") as caught:
        found.extend(asking.complete(requests(rows), SAMPLING))
    assert len(str(caught.value).splitlines()) == 1
    assert len(found) < 8
    assert asking.retries <= 2 * 8 * 2  # those given up, and those that the others were at
    assert not engine_threads()


def test_a_server_that_goes_away_midway_ends_the_run_and_not_the_rows():
    with FlakyServer(always("ok")) as server:
        asking = engine(server.url, concurrency=4)
        assert len(list(asking.complete(requests(20), SAMPLING))) == 20
    with pytest.raises(ModelError, match="finished rows are kept"):
        list(asking.complete(requests(5000), SAMPLING))


@pytest.mark.parametrize("fault", ["500", "502_html", "half_json"])
def test_a_server_that_stops_answering_ends_the_run_before_its_rows_are_lost(fault):
    """An hour of outage must cost an hour, not every row that was asked in it."""
    def plan(row, number):
        return "ok" if int(row.removeprefix("row ")) < 20 else fault

    with FlakyServer(plan) as server:
        found = []
        with pytest.raises(ModelError, match=r"has stopped answering: .* finished rows are kept"):
            found += engine(server.url, max_retries=0).complete(requests(200), SAMPLING)
        assert server.requests < 60


def test_rows_that_fail_among_others_that_are_answered_are_no_outage_however_often_they_are_asked():
    def plan(row, number):
        return "500" if int(row.removeprefix("row ")) % 5 == 0 else "ok"

    with FlakyServer(plan) as server:
        asking = engine(server.url, max_retries=0)
        found = list(asking.complete(requests(100), SAMPLING))
        bad = [request for request, each in zip(requests(100), range(100), strict=True) if each % 5 == 0]
        again = list(asking.complete(bad, SAMPLING))
    assert sum(isinstance(one, Failure) for one in found) == 20
    assert [one.reason for one in again] == ["server_error"] * 20


@pytest.mark.parametrize("said", ["content_filter", "maximum context length is 4096 tokens"])
def test_a_row_that_the_server_refuses_for_what_it_holds_is_that_rows_failure_and_is_asked_once(said):
    def plan(row, number):
        return "400" if row == "row 1" else "ok"

    with FlakyServer(plan, says=said) as server:
        found = {one.id: one for one in engine(server.url).complete(requests(4), SAMPLING)}
    assert len(found) == 4 and server.requests == 4
    assert isinstance(found["id-1"], Failure) and found["id-1"].reason == "refused_by_server"


@pytest.mark.parametrize("status", ["400", "413", "422"])
def test_a_refusal_that_says_nothing_costs_its_row_alone(status):
    with FlakyServer(lambda row, number: status if row.endswith("5") else "ok") as server:
        found = list(engine(server.url, concurrency=1).complete(requests(40), SAMPLING))
    refused = {one.id: one for one in found if isinstance(one, Failure)}
    assert list(refused) == ["id-5", "id-15", "id-25", "id-35"] and server.requests == 40
    assert refused["id-5"] == Failure("id-5", "refused_by_server", f"HTTP {status}: no {status} today")


@pytest.mark.parametrize("said", ["", "maximum context length is 16 tokens", "content_filter"])
def test_a_server_that_refuses_every_row_ends_the_run_with_one_line_after_a_few(said):
    with FlakyServer(always("400"), says=said) as server, pytest.raises(ModelError) as caught:
        list(engine(server.url).complete(requests(5000), SAMPLING))
    assert str(caught.value).startswith(f"{server.url} refuses row after row: HTTP 400: no 400 today")
    assert str(caught.value).endswith("finished rows are kept") and "\n" not in str(caught.value)
    assert server.requests < 24  # the eighth, and those that were under way with it


def test_rows_that_were_refused_before_may_all_be_refused_again():
    """A rerun whose other rows the store answers asks these alone, and must end."""
    with FlakyServer(always("400")) as server:
        asking = engine(server.url)
        asking.answered_before(1000)
        assert len(list(asking.complete(requests(100), SAMPLING))) == 100
        with pytest.raises(ModelError, match=r"refuses row after row: .* in 250 rows"):
            list(asking.complete(requests(5000), SAMPLING))


@pytest.mark.parametrize("said", [
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    "`temperature` and `top_p` cannot both be specified for this model", "Unknown name seed: Extra inputs are not permitted",
    "System role not supported", "The model `llama` does not exist",
])
def test_a_refused_parameter_ends_the_run_at_the_first_row_and_says_where_it_is_set(said):
    with FlakyServer(always("400"), says=said) as server, pytest.raises(ModelError) as caught:
        list(engine(server.url, concurrency=1).complete(requests(1), SAMPLING))
    assert "; see leave_out, rename, extra_body and fold_system of engine.openai; finished rows are kept" in str(caught.value)


@pytest.mark.parametrize(("status", "said"), [
    ("402", ""), ("429", "insufficient_quota"), ("429", "Insufficient Balance"), ("400", "Your credit balance is too low"),
    ("401", "Incorrect API key provided"), ("403", "Country not supported"),
])
def test_an_exhausted_quota_and_a_bad_key_end_the_run_at_once(status, said):
    sleep = Sleep()
    with FlakyServer(lambda row, number: status if row == "row 20" else "ok", says=said) as server:
        found, answers = [], engine(server.url, concurrency=1, sleep=sleep).complete(requests(200), SAMPLING)
        with pytest.raises(ModelError, match=f"^row id-20: .*HTTP {status}: .*finished rows are kept$"):
            found.extend(one for one in answers)
    assert server.requests == 21 and sleep.waits == []


@pytest.mark.parametrize(("status", "said", "whose"), [
    (429, "You exceeded your current quota, please check your plan: 15 requests a minute", "passes"), (503, "", "passes"),
    (403, "flagged by moderation", "row"), (403, "no", "server"), (451, "content policy", "row"), (400, "", "row"),
])
def test_whose_fault_a_refusal_is(status, said, whose):
    assert fault_of(httpx.Response(status, json={"error": {"message": said}})) == whose


@pytest.mark.parametrize(("said", "told"), [
    ("org/model", False), ("model", False), ("model:latest", False), ("Model-2026-01-01", False), ("qwen2.5-7b", True),
])
def test_another_model_that_answered_is_said_once(said, told, capsys):
    with FlakyServer(always("ok"), answer=reply({"content": "x"}, model=said, **USAGE)) as server:
        list(engine(server.url).complete(requests(5), SAMPLING))
    lines = [line for line in capsys.readouterr().err.splitlines() if "answered" in line]
    assert lines == ([f"{server.url}/chat/completions was asked for org/model, and says that {said} answered"] if told else [])


def test_the_version_is_what_the_server_calls_itself():
    with FlakyServer(always("ok"), answer=reply({"content": "x"}, system_fingerprint="vllm-0.32", **USAGE)) as server:
        asking = engine(server.url)
        assert asking.version == "openai"
        list(asking.complete(requests(1), SAMPLING))
    assert asking.version == "openai vllm-0.32"
    asking.close()
    asking.close()


def test_without_retries_a_row_is_asked_once():
    with FlakyServer(always("500")) as server:
        found = list(engine(server.url, max_retries=0).complete(requests(3), SAMPLING))
    assert [failure.detail for failure in found] == ["HTTP 500: no 500 today (tries: 1)"] * 3
    assert server.requests == 3


# Waiting


def test_backoff_doubles_up_to_its_cap_with_full_jitter(monkeypatch):
    drawn = []
    monkeypatch.setattr(module.random, "uniform", lambda low, high: drawn.append((low, high)) or high)
    sleep = Sleep()
    with FlakyServer(always("500")) as server:
        list(engine(server.url, sleep=sleep, max_retries=6).complete(requests(1), SAMPLING))
    assert sleep.waits == [0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert drawn == [(0, wait) for wait in sleep.waits]


@pytest.mark.parametrize(("fault", "least"), [
    ("429_seconds", RETRY_AFTER_SECONDS), ("503_seconds", RETRY_AFTER_SECONDS), ("429_date", 11),
])
def test_retry_after_is_honoured(fault, least):
    sleep = Sleep()
    with FlakyServer(always(fault)) as server:
        list(engine(server.url, sleep=sleep, max_retries=4).complete(requests(5), SAMPLING))
    assert len(sleep.waits) == 20
    assert all(least <= wait <= least + 4 for wait in sleep.waits)
    assert len(set(sleep.waits)) > 10  # jitter on top, so that the rows do not all come back at once


def test_a_row_that_is_put_off_for_a_day_is_given_up_at_once():
    sleep = Sleep()
    with FlakyServer(always("429_day")) as server:
        found = list(engine(server.url, sleep=sleep).complete(requests(1), SAMPLING))
    assert found == [Failure("id-0", "rate_limited", "HTTP 429: no 429 today (tries: 1)")]
    assert sleep.waits == []


def test_a_retry_after_that_no_header_can_be_is_none():
    sleep = Sleep()
    with FlakyServer(always("429_odd")) as server:
        found = list(engine(server.url, sleep=sleep).complete(requests(1), SAMPLING))
    assert [one.reason for one in found] == ["rate_limited"]
    assert len(sleep.waits) == server.requests - 1 > 0


@pytest.mark.parametrize(("header", "seconds"), [
    (None, 0), ("", 0), ("7", 7), ("0.5", 0.5), (" 12 ", 12), ("-3", 0), ("nan", 0), ("soon", 0),
    (RETRY_AFTER_DATE, 60), ("Wed Oct 21 00:15:00 2026", 60), ("Tue, 20 Oct 2026 00:15:00 GMT", 0),
    ("Wed, 21 Oct 2026 00:15:00 -0000", 60), ("Wed, 99 Oct 2026 00:15:00 GMT", 0),
])
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert retry_after(header, RETRY_AFTER_TIME - 60) == seconds


@given(st.text() | st.integers().map(str))
def test_retry_after_is_never_negative_and_never_fails(header):
    assert retry_after(header, 0.0) >= 0


# Concurrency


@pytest.mark.parametrize("bound", [1, 3, 8])
def test_as_many_as_allowed_are_under_way_and_never_more(bound):
    with FlakyServer(lambda row, number: "503" if number == 1 and row.endswith("3") else "ok", seconds=0.03) as server:
        list(engine(server.url, concurrency=bound).complete(requests(40), SAMPLING))
    assert server.peak == bound


# Refusals


@pytest.mark.parametrize("status", ["307", "401", "402", "403", "404"])
def test_what_cannot_pass_ends_the_run_with_one_line(status):
    with FlakyServer(lambda row, number: status if row == "row 5" else "ok") as server:
        asking = engine(server.url, concurrency=1)
        answers, found = asking.complete(requests(9), SAMPLING), []
        with pytest.raises(ModelError) as caught:
            for answer in answers:
                found.append(answer.id)
    line = str(caught.value)
    assert line.startswith(f"row id-5: {server.url}/chat/completions: HTTP {status}: no {status} today")
    assert len(line.splitlines()) == 1
    assert ("OPENAI_API_KEY, which is not set" in line) == (status in ("401", "403"))
    assert ("check base_url" in line) == (status in ("307", "404"))
    assert found == [f"id-{i}" for i in range(5)]
    assert (server.requests, asking.retries) == (6, 0)
    assert not engine_threads()


def test_a_wrong_base_url_is_a_404_that_says_where_to_look():
    with FlakyServer(always("ok")) as server, pytest.raises(ModelError, match=r"404.*; check base_url"):
        list(engine(server.url.removesuffix("/v1")).complete(requests(1), SAMPLING))


# The key


@pytest.mark.parametrize("fault", [*FAULTS, "400", "401", "404", "ok"])
def test_the_key_is_nowhere_but_in_the_request(fault, monkeypatch, caplog, capfd, tmp_path):
    """The server repeats it, which hosted ones do in part; the logs are on, the traceback shows its variables."""
    monkeypatch.setenv("THEIR_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    with FlakyServer(always(fault), says=f"to {KEY}") as server:
        asking = engine(server.url, api_key_env="THEIR_KEY", timeout_seconds=patience(fault), max_retries=1)
        seen = [repr(asking), repr(vars(asking)), repr(asking.server), asking.server.model_dump_json()]
        with Store(tmp_path / "store.sqlite") as store:
            try:
                for outcome in asking.complete(requests(1), SAMPLING):
                    seen.append(repr(outcome))
                    if isinstance(outcome, Completion):
                        key = KeyMaker(Model("m"), server_of(server.url), SAMPLING).key([{"role": "user", "content": "x"}], 0, 0)
                        store.add(key, outcome, 24)
            except ModelError as error:
                seen.append("".join(traceback.TracebackException.from_exception(error, capture_locals=True).format()))
    assert server.keys == [f"Bearer {KEY}"] * len(server.keys)
    assert server.keys
    repeated = fault == "error_in_200" or (fault[0] in "45" and fault != "502_html")
    assert ("[key]" in "".join(seen)) == repeated
    seen += [caplog.text, *capfd.readouterr()]
    seen += [path.read_bytes().decode("latin-1") for path in tmp_path.iterdir()]
    assert KEY not in "".join(seen)
    assert len(caplog.records) > 0


def test_a_key_that_the_server_puts_into_its_answer_reaches_nobody(monkeypatch, caplog):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    said = reply({"content": f"You sent {KEY}."}, system_fingerprint=f"v1-{KEY}", model=f"m-{KEY}", **USAGE)
    with FlakyServer(always("ok"), answer=said) as server:  # its header X-Echo holds the key too
        asking = engine(server.url)
        [found] = asking.complete(requests(1), SAMPLING)
    assert (found.text, asking.version) == ("You sent [key].", "openai v1-[key]")
    assert KEY not in caplog.text + repr(vars(asking))


def test_a_key_in_small_letters_or_in_the_status_line_reaches_nobody(monkeypatch, caplog):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    caplog.set_level(logging.DEBUG)
    with FlakyServer(always("key_packing")) as server:
        [found] = engine(server.url, max_retries=0).complete(requests(1), SAMPLING)
    assert isinstance(found, Failure)
    assert KEY.lower() not in (found.detail + caplog.text).lower()
    assert not [one for one in caplog.records if "HTTP/1.1" in one.getMessage()]  # a line of the server's own words


@pytest.mark.parametrize("broken", [f"{KEY}\nx", f"{KEY}\u2026", f"{KEY}\x7f"])
def test_a_broken_key_is_refused_without_showing_it(broken, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", broken)
    with FlakyServer(always("ok")) as server, pytest.raises(ModelError) as caught:
        list(engine(server.url).complete(requests(1), SAMPLING))
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert str(caught.value) == "the key in OPENAI_API_KEY holds characters that no key has; set it anew"
    assert KEY not in shown.replace(repr(broken), "")  # this test's own variable
    assert server.requests == 0


def test_a_line_break_after_the_key_does_no_harm(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\n")
    with FlakyServer(always("ok")) as server:
        list(engine(server.url).complete(requests(1), SAMPLING))
    assert server.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize(("changed", "said"), [
    ({"base_url": f"https://me:{KEY}@host/v1"}, "base_url"), ({"base_url": f"https://host/v1?key={KEY}"}, "base_url"),
    ({"api_key_env": KEY}, "api_key_env"), ({"api_key_env": "gsk_" + KEY[8:]}, "api_key_env"),
    ({"base_url": "localhost:8000/v1"}, "base_url"), ({"base_url": "ftp://host/v1"}, "base_url"),
    ({"base_url": "http://host:99999/v1"}, "out of range"), ({"base_url": "http://[:::1]/v1"}, "IPv6|IPv4"),
    ({"base_url": "http:///v1"}, "base_url"), ({"concurrency": 0}, "concurrency"), ({"max_retries": -1}, "max_retries"),
    ({"timeout_seconds": 0.0}, "timeout_seconds"), ({"backoff_seconds": float("inf")}, "backoff_seconds"),
    ({"api_key": KEY}, "api_key"), ({"concurrency": "8"}, "concurrency"),
])
def test_wrong_settings_are_refused_without_showing_a_key(changed, said):
    of_speed = set(changed) <= set(ServerSpeed.model_fields)
    section, usual = (ServerSpeed, machine().openai.model_dump()) if of_speed else (Server, {})
    with pytest.raises(ValidationError, match=said) as caught:
        section(**usual | changed)
    assert KEY[8:] not in str(caught.value)


@pytest.mark.parametrize("url", ["http://localhost:8000/v1", "https://api.openai.com/v1/", "http://[::1]:11434/v1", "http://gpu-1"])
def test_usual_addresses_are_taken(url):
    assert server_of(url).openai.api_key_env == "OPENAI_API_KEY"


# Stopping


@pytest.mark.parametrize("fault", ["stall", "500"])
def test_closing_stops_what_is_under_way(fault):
    """Whether the requests hang or wait to be tried again."""
    real_sleep = asyncio.sleep
    with FlakyServer(lambda row, number: "ok" if row in ("row 0", "row 1", "row 2") else fault) as server:
        answers = engine(server.url, sleep=real_sleep, backoff_seconds=1e6, backoff_cap_seconds=1e6).complete(
            requests(50), SAMPLING,
        )
        assert {next(answers).id for _ in range(3)} == {"id-0", "id-1", "id-2"}
        while server.requests < 11:
            time.sleep(0.01)
        started = time.monotonic()
        answers.close()
        assert time.monotonic() - started < module.STOP_SECONDS
        assert not engine_threads()
        assert server.requests == 11  # three answered, eight under way, none after


PROGRAM = """
import sys
from synthempathy.core.command import guarded
from types import SimpleNamespace
from synthempathy.llm.loading import Model
from synthempathy.llm.params import Engine, Sampling, Server, ServerSpeed
from synthempathy.llm.backends import Request
from synthempathy.llm.backends.openai import OpenaiBackend

engine = Engine(backend="openai", openai=Server(base_url=sys.argv[1]))
machine = SimpleNamespace(openai=ServerSpeed(
    concurrency=8, timeout_seconds=600, max_retries=2, backoff_seconds=1, backoff_cap_seconds=8,
))
requests = [Request(str(i), [{"role": "user", "content": f"row {i}"}], i) for i in range(50)]
sampling = Sampling(temperature=1.0, top_p=1.0, max_tokens=9, seed=1)
answers = OpenaiBackend(Model("m"), engine, machine).complete(requests, sampling)

def work():
    for answer in answers:
        print(answer.id, flush=True)
        if sys.argv[2] == "busy":
            while True:
                sum(range(1000))
        if sys.argv[2] == "forgotten":
            return

guarded(work)
"""


@pytest.mark.parametrize(("how", "stop", "code"), [
    ("waiting", signal.SIGINT, 130), ("busy", signal.SIGINT, 130), ("waiting", signal.SIGTERM, 143),
    ("busy", signal.SIGTERM, 143), ("forgotten", None, 0),
])
def test_a_program_ends_cleanly(how, stop, code):
    """Stopped while it waits for an answer or works on one; or it just leaves the generator where it stands."""
    with FlakyServer(lambda row, number: "ok" if row == "row 0" else "stall") as server:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, server.url, how], cwd=ROOT, text=True, env=dict(os.environ),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
        try:
            assert process.stdout.readline() == "0\n"
            while stop and server.requests < 9:
                time.sleep(0.01)
            if stop:
                process.send_signal(stop)
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == code
    assert len(err.splitlines()) == (0 if stop is None else 1)
    assert err.startswith("" if stop is None else "stopped by ")
