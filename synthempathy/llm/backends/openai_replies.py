"""What a server of chat completions says, read: an answer, a failure, or a reason to try again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any, Literal

import httpx2 as httpx  # httpx's successor, which transformers brings along (by way of huggingface_hub)

from synthempathy.llm.backends import Completion, Failure, FailureReason, FinishReason

#: Statuses under 500 that another try may overcome.
_MAY_PASS: dict[int, FailureReason] = {408: "timeout", 425: "server_error", 429: "rate_limited"}
#: Why an answer ended, in the words of OpenAI, vLLM, TGI, Anthropic, Gemini, Mistral and Cohere; case and signs do not count.
_FINISH_REASONS: dict[str, FinishReason] = {
    **dict.fromkeys(("stop", "eos", "eostoken", "endturn", "endofturn", "stopsequence", "complete", "completed", "end"), "stop"),
    **dict.fromkeys(("length", "maxtokens", "maxoutputtokens", "maxlength", "modellength", "tokenlimit"), "length"),
}
_REFUSED = re.compile(r"filter|safety|refus|moderat|recitation|blocklist|prohibited|spii", re.IGNORECASE)
#: In a refusal: that it is for this prompt and no other (OpenAI, Azure, vLLM, llama.cpp).
_OF_THE_ROW = re.compile(
    r"content[ _-]?(?:filter|policy|management)|moderation|flagged|safety|prohibited|context[ _-]?(?:length|size|window)"
    r"|too[ _]long|too large|maximum (?:context|model) ?(?:length)?|max_model_len"
    r"|exceed\w{0,5} (?:the |its )?(?:available |maximum )?(?:context|token)", re.IGNORECASE,
)
#: ... that it is for how all are asked: a parameter, or the model (OpenAI, Anthropic, Gemini, vLLM, pydantic's words).
_OF_THE_REQUEST = re.compile(
    r"(?:unsupported|unknown|unrecogni[sz]ed|unexpected)[ _](?:parameter|value|field|argument|request argument|model|key)"
    r"|unknown name|cannot find field"
    r"|extra (?:inputs|fields)|(?:not|n't) support|not permitted|cannot both be|model[ _]not[ _]found|invalid[ _]model"
    r"|model\b.{0,80}(?:not exist|not found)", re.IGNORECASE | re.DOTALL,
)
#: ... that nothing is left to pay with. A quota of a minute is none of these: that passes.
_EXHAUSTED = re.compile(
    r"insufficient[ _](?:quota|balance|credit|fund)|credit balance|hard[ _]limit|out of credit", re.IGNORECASE
)
#: Characters of a refusal that are read: it says whose fault it is in its first words, and may be as long as an answer.
_READ_OF_A_REFUSAL = 100_000
#: Statuses under which a server refuses a row for what it holds; 403 and 451 only with words that say so.
_ROWS_OWN = (400, 413, 422)
#: Whose a refusal is: the row's, that of how all are asked, the server's; or nobody's, for it may pass.
Fault = Literal["passes", "row", "request", "server"]


class TryAgain(Exception):
    """A try failed, and another may do better, at the earliest in `wait` seconds.

    `reached` is False where not even a connection came about.
    """

    def __init__(self, reason: FailureReason, detail: str, wait: float = 0.0, *, reached: bool = True) -> None:
        self.reason, self.detail, self.wait, self.reached = reason, detail, wait, reached


@dataclass(frozen=True)
class Reply:
    """A row's outcome, and what the server calls itself and the model ("" where it does not say)."""

    outcome: Completion | Failure
    fingerprint: str = ""
    model: str = ""


def read_reply(row: str, response: httpx.Response, max_tokens: int) -> Reply:
    """The answer, to a request for at most `max_tokens`, in a response of status 2xx. TryAgain where there is none in it.

    Details are the server's own words: many lines, perhaps, and perhaps the key among them.
    """
    try:
        answer = response.json()
        choice = answer["choices"][0]
        message, said = choice["message"], choice.get("finish_reason")
        text = _thoughts(message) + _content(message)
        text.encode()  # half a surrogate pair is JSON, but no text: the store could not hold it
    except (ValueError, RecursionError):
        raise TryAgain("bad_response", f"not JSON: {response.text}") from None
    except (LookupError, TypeError, AttributeError):
        raise TryAgain("bad_response", f"no chat completion: {response.text}") from None
    prompt_tokens, completion_tokens = (_count(answer, name) for name in ("prompt_tokens", "completion_tokens"))
    finish_reason = _finish_reason(said, text, cut=completion_tokens >= max_tokens)
    if finish_reason is None:  # another try with the same seed would end the same
        refused = isinstance(said, str) and _REFUSED.search(said)
        return Reply(Failure(row, "refused_by_server" if refused else "bad_response", f"finish_reason {said!r}"))
    completion = Completion(row, text.strip(), finish_reason, prompt_tokens, completion_tokens)
    return Reply(completion, _name(answer, "system_fingerprint"), _name(answer, "model"))


def _finish_reason(said: Any, text: str, *, cut: bool) -> FinishReason | None:
    """What the server's word means; None where it means neither. Some say nothing of an answer that is whole."""
    if said is None or said == "":
        return ("length" if cut else "stop") if text.strip() else None
    return _FINISH_REASONS.get(re.sub(r"[^a-z]", "", said.lower())) if isinstance(said, str) else None


def same_model(asked: str, said: str) -> bool:
    """Whether a server's name for the model may mean the one asked for: no folder, a tag or a date more."""
    asked, said = asked.rsplit("/", 1)[-1].lower(), said.rsplit("/", 1)[-1].lower()
    return said.startswith(asked) or asked.startswith(said)


def fault_of(response: httpx.Response) -> Fault:
    """Whose fault it is that the status is not 2xx. A 400 that says nothing of it may be the row's."""
    status, said = response.status_code, response.text[:_READ_OF_A_REFUSAL]
    if status == 402 or _EXHAUSTED.search(said):
        return "server"
    if may_pass(status):
        return "passes"
    if status in (*_ROWS_OWN, 403, 451) and _OF_THE_ROW.search(said):
        return "row"
    if status in _ROWS_OWN:
        return "request" if _OF_THE_REQUEST.search(said) else "row"
    return "server"


def _content(message: dict[str, Any]) -> str:
    """The text of a message: a string, or a list of parts, of which those of type "text" count."""
    content = message.get("content") or message.get("refusal") or ""  # the model's own no, where a schema was asked for
    if isinstance(content, list):
        content = "".join(part.get("text") or "" for part in content if part.get("type") in ("text", "output_text"))
    if not isinstance(content, str):
        raise TypeError("content is no text")
    return content


def _thoughts(message: dict[str, Any]) -> str:
    """What the server set apart as thought (vLLM, DeepSeek, Ollama, OpenRouter), in the tags that `llm/answers.py` reads."""
    found = next((message[name] for name in ("reasoning_content", "reasoning", "thinking") if message.get(name)), "")
    return f"<think>{found}</think>\n" if isinstance(found, str) and found.strip() else ""


def may_pass(status: int) -> FailureReason | None:
    """Why a row is given up if this status does not pass; None where another try would end the same."""
    return _MAY_PASS.get(status, "server_error" if status >= 500 else None)


def error_message(response: httpx.Response) -> str:
    """The server's own words: OpenAI's {"error": {"message"}}, or what vLLM, Ollama and FastAPI say, or the body."""
    try:
        found = response.json()
    except (ValueError, RecursionError):
        return response.text or response.reason_phrase
    for name in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(name):
            found = found[name]
    return str(found)


def one_line(text: str, limit: int = 200) -> str:
    """What a server said, as one short line: of its first kilobyte, since it may say anything."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:1024]).split())
    return line if len(line) <= limit else line[: limit - 3] + "..."


def retry_after(value: str | None, now: float) -> float:
    """Seconds to wait by a Retry-After header (RFC 9110, 10.2.3): a number or a date. 0 where it is neither."""
    try:
        seconds = float(value or 0)
    except ValueError:
        try:
            date = parsedate_to_datetime(value or "")
            seconds = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, OverflowError):
            return 0.0
    return max(0.0, seconds)


def _name(answer: Any, name: str) -> str:
    found = answer.get(name)
    return found if isinstance(found, str) and found.isprintable() else ""


def _count(answer: Any, name: str) -> int:
    usage = answer.get("usage")
    found = usage.get(name) if isinstance(usage, dict) else None
    return found if isinstance(found, int) and 0 <= found < 2**31 else 0
