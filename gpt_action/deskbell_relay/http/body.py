"""Reading a request's body: bounded in size, time and depth, and strict about what it is."""

import asyncio
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web
from pydantic_core import from_json

from deskbell_wire.errors import Problem


async def read(request: web.Request, *, most: int, timeout_s: float) -> bytes:
    """The body, decompressed, of at most `most` bytes. Raises Problem body_too_large, body_too_slow, malformed_request."""
    length = request.content_length
    if length is not None and length > most:
        raise too_large(most)
    try:
        if request.content.is_eof():  # it came with the headers: no timer needed
            raw = await request.read()
        else:
            async with asyncio.timeout(timeout_s):
                raw = await request.read()
    except TimeoutError:
        raise Problem(
            "body_too_slow", f"The body did not arrive within {timeout_s:g} s.", headers={"Connection": "close"}
        ) from None
    except web.HTTPRequestEntityTooLarge:
        raise too_large(most) from None
    except (web.RequestPayloadError, ValueError) as error:
        raise Problem("malformed_request", "The body could not be read: its encoding or framing is broken.") from error
    if len(raw) > most:
        raise too_large(most)
    return raw


def too_large(most: int) -> Problem:
    """The problem of a body above `most` bytes."""
    return Problem("body_too_large", f"The body is larger than {most:,} bytes.", limit_bytes=most)


def parse_object(raw: bytes, *, depth: int) -> dict[str, Any]:
    """One JSON object of at most `depth` levels; an empty body is an empty object.

    NaN, numbers of thousands of digits and lone surrogates are refused as RFC 8259 lets a parser do.
    Raises Problem malformed_json, body_too_deep.
    """
    if not raw.strip():
        return {}
    check_depth(raw, depth)
    try:
        value = from_json(raw, allow_inf_nan=False)
    except ValueError as error:
        raise Problem("malformed_json", f"The body is not valid JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Problem("malformed_json", f"The body must be a JSON object, but it is {_json_type(value)}.")
    return value


def check_depth(raw: bytes, most: int) -> None:
    """Raises Problem body_too_deep for JSON that nests deeper than `most` levels, before anything parses it."""
    if raw.count(b"[") + raw.count(b"{") > most and _deeper_than(raw, most):
        raise Problem("body_too_deep", f"The JSON nests deeper than {most} levels.")


def _deeper_than(raw: bytes, most: int) -> bool:
    """Whether brackets nest deeper than `most`, those in strings not counted. Runs in linear time, without recursion."""
    depth = 0
    in_string = escaped = False
    for byte in raw:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            if depth > most:
                return True
        elif byte in b"]}":
            depth -= 1
    return False


def _json_type(value: object) -> str:
    if value is None:
        return "null"
    return {bool: "a boolean", list: "an array", str: "a string"}.get(type(value), "a number")


def media_type(request: web.Request, *allowed: str) -> None:
    """Refuse another Content-Type than those `allowed`, with Problem unsupported_media_type."""
    if request.content_type not in allowed:
        raise Problem("unsupported_media_type", f"{request.content_type!r} is not understood here; send {allowed[0]}.")


def parse_form(raw: bytes) -> dict[str, str]:
    """The fields of a URL-encoded form. Raises Problem malformed_request when one is given twice (RFC 6749 section 3.1)."""
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(raw), max_num_fields=50, errors="strict"
        )
    except ValueError as error:
        raise Problem(
            "malformed_request", "The form is not valid: send application/x-www-form-urlencoded in UTF-8."
        ) from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Problem("malformed_request", "A field of the form is given more than once.")
    return fields
