"""RTF as a stream of events: control words, groups and decoded text, in the encoding of the font at hand."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

_TOKEN = re.compile(
    r"\\(?P<word>[a-z]{1,32})(?P<value>-?\d{1,10})?[ ]?|\\'(?P<hex>[0-9a-f]{2})|\\(?P<symbol>[^a-z'])|(?P<brace>[{}])"
    r"|[\r\n]+|(?P<text>[^\\{}\r\n]+)|\\",
    re.I,
)
_CHARSETS = {
    0: "cp1252", 77: "mac-roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250",
}  # fmt: skip
_MAX_DEPTH = 500

Kind = Literal["word", "symbol", "text", "open", "close"]


@dataclass(frozen=True, slots=True)
class Event:
    kind: Kind
    text: str = ""
    value: int | None = None


@dataclass(frozen=True, slots=True)
class _State:
    skip_after_unicode: int = 1
    encoding: str = "cp1252"


def events(source: str) -> Iterator[Event]:
    r"""Events of an RTF file given as latin-1 text; \'hh and \uN come decoded, without their fall-backs."""
    state, stack = _State(), [_State()]
    fonts: dict[int, str] = {}
    font, held, skip = 0, bytearray(), 0
    for match in _TOKEN.finditer(source):
        word, brace = match["word"], match["brace"]
        raw = bytes([int(match["hex"], 16)]) if match["hex"] else (match["text"] or "").encode("latin-1", "replace")
        if raw:
            dropped = min(skip, len(raw))
            skip -= dropped
            held += raw[dropped:]
            continue
        if word == "u" or (match["symbol"] and skip):
            pass
        elif held:
            yield Event("text", _decode(held, state.encoding))
            held = bytearray()
        value = int(match["value"]) if match["value"] else None
        if brace == "{":
            stack = stack[:_MAX_DEPTH]
            stack.append(state)
            skip = 0
            yield Event("open")
        elif brace:
            state, skip = (stack.pop() if len(stack) > 1 else state), 0
            yield Event("close")
        elif word == "u" and value is not None:
            if held:
                yield Event("text", _decode(held, state.encoding))
                held = bytearray()
            yield Event("text", chr(value % 65536))
            skip = state.skip_after_unicode
        elif word == "uc":
            state = replace(state, skip_after_unicode=min(value or 0, 8))
        elif word == "ansicpg":
            state = replace(state, encoding=_codec(f"cp{value}", state.encoding))
            stack = [state if each.encoding == "cp1252" else each for each in stack]
        elif word in ("f", "deff") and value is not None:
            font = value
            state = replace(state, encoding=fonts.get(value, state.encoding)) if word == "f" else state
            yield Event("word", word, value)
        elif word == "fcharset":
            if value in _CHARSETS and value != 0:
                fonts[font] = _CHARSETS[value]
        elif word:
            skip = 0
            yield Event("word", word, value)
        elif match["symbol"]:
            if skip:
                skip -= 1
            else:
                yield Event("symbol", match["symbol"])
    if held:
        yield Event("text", _decode(held, state.encoding))


def _decode(data: bytearray, encoding: str) -> str:
    return bytes(data).decode(encoding, "replace")


def _codec(name: str, default: str) -> str:
    try:
        return codecs.lookup({"cp65001": "utf-8", "cp10000": "mac-roman", "cp936": "gb18030"}.get(name, name)).name
    except LookupError:
        return default
