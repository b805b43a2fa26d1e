"""How much of a server is believed: its answer is read to a bound, unpacked to the same bound, and gives no secret away.

A server is not ours. It may never stop sending, send a kilobyte that unpacks to gigabytes, or repeat the key that it was
given, in the text, in what it calls itself, or in a header.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence

import httpx2 as httpx

from synthempathy.llm.backends.openai_replies import TryAgain

#: Asked of every server, so that there is nothing to unpack; some compress all the same.
PLAIN = {"Accept-Encoding": "identity"}
_PACKED = 32 + zlib.MAX_WBITS  # gzip or deflate, as its first bytes say
_PIECE = 65_536  # bytes unpacked at once
_MOST_OF_ITSELF = 8_000_000  # bytes: thousands of models, each with all that is said of it
#: Of the header fields the ones that are read.
_READ = ("retry-after",)

# At DEBUG the HTTP library logs the headers of an answer, and at INFO its status line: a server may have put anything there.
logging.getLogger("httpcore2").setLevel(logging.WARNING)
logging.getLogger("httpx2").setLevel(logging.WARNING)


async def whole(response: httpx.Response, most: int) -> httpx.Response:
    """The response with its body, of at most `most` bytes once it is unpacked. TryAgain where it is longer, or no gzip.

    Of the header fields it keeps those that are read; the body is UTF-8, whatever it calls itself.
    """
    unpack, body = _unpacker(response), bytearray()
    async for part in response.aiter_raw():
        try:
            body += part if unpack is None else unpack.decompress(part, most - len(body) + 1)
        except zlib.error as error:
            raise TryAgain("bad_response", f"cannot be unpacked: {error}") from None
        if unpack is not None and unpack.unused_data:
            raise _more_follows()
        if len(body) > most:
            raise TryAgain("bad_response", f"longer than {most:,} bytes (machine.openai.max_answer_mb)")
    return _with_body(response, bytes(body))


def whole_now(response: httpx.Response, most: int, seconds: float) -> httpx.Response:
    """As `whole`, of a response that nobody awaits. TryAgain too where its body takes longer than `seconds`."""
    return _with_body(response, b"".join(pieces(response, most, seconds, "machine.openai.max_answer_mb")))


def asked_now(method: str, url: str, headers: Mapping[str, str], seconds: float, content: str | None = None) -> httpx.Response:
    """What a server says of itself, to the same bounds. TryAgain, and httpx's own errors of what does not come about."""
    with httpx.stream(method, url, headers={**PLAIN, **headers}, content=content, timeout=seconds) as response:
        return _with_body(response, b"".join(pieces(response, _MOST_OF_ITSELF, seconds, "of what it says of itself")))


def pieces(response: httpx.Response, most: int, seconds: float, setting: str) -> Iterator[bytes]:
    """The body, unpacked, a piece at a time, to the same bounds. TryAgain, which names `setting`, past `most` bytes."""
    unpack, length, until = _unpacker(response), 0, time.monotonic() + seconds
    for part in response.iter_raw():
        while part:
            try:
                piece = part if unpack is None else unpack.decompress(part, _PIECE)
            except zlib.error as error:
                raise TryAgain("bad_response", f"cannot be unpacked: {error}") from None
            if unpack is not None and unpack.unused_data:
                raise _more_follows()
            part = b"" if unpack is None else unpack.unconsumed_tail
            length += len(piece)
            if length > most:
                raise TryAgain("bad_response", f"longer than {most:,} bytes ({setting})")
            yield piece
        if time.monotonic() > until:
            raise TryAgain("timeout", f"not whole within {seconds:g} s")
    if unpack is not None and not unpack.eof:
        raise TryAgain("bad_response", "cannot be unpacked: it ends too soon")


def _unpacker(response: httpx.Response) -> zlib._Decompress | None:
    packing = response.headers.get("content-encoding", "identity").strip().lower()
    if packing not in ("identity", "", "gzip", "x-gzip", "deflate"):  # not quoted: in small letters a key is not known again
        raise TryAgain("bad_response", "packed, neither as gzip nor as deflate, though nothing was asked to be")
    return None if packing in ("identity", "") else zlib.decompressobj(_PACKED)


def _more_follows() -> TryAgain:
    """zlib keeps all of what follows the end of what is packed, and counts it nowhere; no server that means well sends any."""
    return TryAgain("bad_response", "cannot be unpacked: more follows where it ends")


def _with_body(response: httpx.Response, body: bytes) -> httpx.Response:
    """With the header fields that are read, where they are what such a field may be: a server sends any bytes."""
    kept = {name: value for name in _READ if (value := response.headers.get(name)) is not None and value.isascii()}
    return httpx.Response(response.status_code, headers=kept, content=body)


def scrubbed(text: str, secrets: Sequence[str]) -> str:
    """`text` without the `secrets`, should the server have repeated them; what is shorter than 8 is a stand-in ("ollama")."""
    for secret in secrets:
        if len(secret) >= 8:
            text = text.replace(secret, "[key]")
    return text
