"""Random damage to files, the same for the same seed: bytes, slices, cuts; in archives also inside their members."""

from __future__ import annotations

import io
import random
import zipfile
import zlib

from make_files import zipped

_NASTY = (
    b"\x00",
    b"\xff" * 8,
    b"<",
    b"&#x0;",
    b"]]>",
    b'"',
    b"-1",
    b"99999999999",
    b"\\u-1",
    b"{" * 50,
    b"<w:tbl>",
    b"%",
    b"\n",
)


def mutate(data: bytes, seed: int) -> bytes:
    """One damaged copy."""
    chance = random.Random(seed)
    if data[:2] == b"PK" and chance.random() < 0.7:
        return _inside(data, chance)
    return _damaged(data, chance)


def _inside(data: bytes, chance: random.Random) -> bytes:
    """An archive that is whole, with damaged members: what checksums would otherwise catch first."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, zlib.error):
        return _damaged(data, chance)
    for name in chance.sample(sorted(members), k=min(len(members), chance.randint(1, 3))):
        if chance.random() < 0.1:
            del members[name]
        else:
            member = members[name]
            members[name] = _damaged(member if isinstance(member, bytes) else member.encode(), chance)
    return zipped(members)


def _damaged(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(out) + 1)
        length = chance.choice((1, 2, 8, 64, 512))
        match chance.randrange(6):
            case 0 if out:
                out[at % len(out)] ^= 1 << chance.randrange(8)
            case 1:
                del out[at : at + length]
            case 2:
                out[at:at] = chance.choice(_NASTY)
            case 3:
                out[at:at] = out[at : at + length] * chance.choice((1, 3, 50))
            case 4:
                other = chance.randrange(len(out) + 1)
                out[at : at + length] = out[other : other + length]
            case _:
                if chance.random() < 0.3:
                    del out[at:]
    return bytes(out)
