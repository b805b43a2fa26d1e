"""How much of a server is believed: its answer is read to a bound, unpacked to the same bound, and gives no secret away.

A server is not ours. It may never stop sending, send a kilobyte that unpacks to gigabytes, or repeat the key that it was
given, in the text, in what it calls itself, or in a header.
"""

from __future__ import annotations

import logging
import time
import zlib
from collections.abc import Iterator, Sequence

import httpx2 as httpx

from synthempathy.llm.backends.openai_replies import TryAgain

#: Asked of every server, so that there is nothing to unpack; some compress all the same.
PLAIN = {"Accept-Encoding": "identity"}
_PACKED = 32 + zlib.MAX_WBITS  # gzip or deflate, as its first bytes say
_PIECE = 65_536  # bytes unpacked at once
#: Of the header fields the ones that are read.
_READ = ("retry-after",)

# At DEBUG the HTTP library logs the headers of an answer, and a server may have put anything there.
logging.getLogger("httpcore2").setLevel(logging.INFO)


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
        if len(body) > most:
            raise TryAgain("bad_response", f"longer than {most:,} bytes (machine.openai.max_answer_mb)")
    return _with_body(response, bytes(body))


def whole_now(response: httpx.Response, most: int, seconds: float) -> httpx.Response:
    """As `whole`, of a response that nobody awaits. TryAgain too where its body takes longer than `seconds`."""
    return _with_body(response, b"".join(pieces(response, most, seconds, "machine.openai.max_answer_mb")))


def pieces(response: httpx.Response, most: int, seconds: float, setting: str) -> Iterator[bytes]:
    """The body, unpacked, a piece at a time, to the same bounds. TryAgain, which names `setting`, past `most` bytes."""
    unpack, length, until = _unpacker(response), 0, time.monotonic() + seconds
    for part in response.iter_raw():
        while part:
            try:
                piece = part if unpack is None else unpack.decompress(part, _PIECE)
            except zlib.error as error:
                raise TryAgain("bad_response", f"cannot be unpacked: {error}") from None
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
    if packing not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise TryAgain("bad_response", f"packed as {packing}, though nothing was asked to be")
    return None if packing in ("identity", "") else zlib.decompressobj(_PACKED)


def _with_body(response: httpx.Response, body: bytes) -> httpx.Response:
    kept = {name: value for name in _READ if (value := response.headers.get(name)) is not None}
    return httpx.Response(response.status_code, headers=kept, content=body)


def scrubbed(text: str, secrets: Sequence[str]) -> str:
    """`text` without the `secrets`, should the server have repeated them; what is shorter than 8 is a stand-in ("ollama")."""
    for secret in secrets:
        if len(secret) >= 8:
            text = text.replace(secret, "[key]")
    return text
