"""Bytes to text where nobody says which encoding they are in.

Order: byte order mark, UTF-16 by its zero bytes, what HTML declares (where it decodes), UTF-8, then the legacy
encoding whose
decoded characters are the most common ones of its language. Small inputs count: a list of four Japanese names
has 70 bytes.
"""

from __future__ import annotations

import codecs
import re

from charset_normalizer import from_bytes

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Names on pages mean the larger set that browsers use for them.
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "big5": "big5hkscs",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "us-ascii": "cp1252",
    "ascii": "cp1252",
}
_META = re.compile(
    rb"""<(?:meta\b[^>]*?\bcharset|\?xml\b[^>]*?\bencoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE
)
# The most frequent characters of each language: enough to tell encodings apart that all decode.
_COMMON = {
    "gb18030": (
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心"
        "她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给"
        "世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社"
        "便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运笔男子"
    ),
    "cp950": (
        "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心"
        "她本前開但因只從想實日軍者意無力它與長把機十民第公此已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代內信表化老給"
        "世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社"
        "便空決治展馬科司五基眼書非則聽白卻界達光放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運"
    ),
    "cp949": (
        "이다는에을의가고은를로기지사하한자도대시인어서아그나리들정일수해스보라부전있만과장제상구조면주게원으것여공성했안국비동우소적선연었경용무위화신때관진문제방개발업회년월중교생분금계세"
        "결표재미할러내당음물등까습니"
    ),
    "cp932": (
        "日一人年大国本中出時生上田東行子会的学分前名佐藤鈴木高橋渡辺伊山村井林中小加吉太郎子淳美"
        "京都大阪府県市区町村横浜神戸福岡札幌仙台千葉埼玉株式会社住所氏名年齢電話番号合計金額"
    ),
}
_COMMON["euc_jp"] = _COMMON["cp932"]
_CJK = tuple(_COMMON)


def decode(data: bytes) -> tuple[str, str]:
    r"""The text and the encoding's Python name; a byte order mark is dropped and \r\n becomes \n. Never fails."""
    text, encoding = _decode(data)
    return text.replace("\r\n", "\n"), encoding


def declared_charset(data: bytes) -> str | None:
    """What an HTML or XML head says its encoding is, as a Python codec name; None where it says nothing known."""
    found = _META.search(data[:4096])
    if not found:
        return None
    name = found.group(1).decode("ascii", "replace").lower()
    try:
        return codecs.lookup(_WIDER.get(name, name)).name
    except LookupError:
        return None


def _decode(data: bytes) -> tuple[str, str]:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(name, "replace"), name
    wide = _utf16_without_mark(data)
    if wide:
        return data.decode(wide, "replace"), wide
    for candidate in (declared_charset(data), "utf-8"):
        if candidate and not candidate.startswith("utf-16"):
            try:
                return _escapes(data) or (data.decode(candidate), candidate)
            except UnicodeDecodeError:
                continue
    return _legacy(data)


def _utf16_without_mark(data: bytes) -> str | None:
    """UTF-16 of mostly Latin text has a zero in every second byte."""
    sample = data[:4096]
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 5 < len(sample) or min(even, odd) * 10 > max(even, odd):
        return None
    return "utf-16-le" if odd > even else "utf-16-be"


def _escapes(data: bytes) -> tuple[str, str] | None:
    """ISO-2022-JP is plain ASCII with escapes."""
    if b"\x1b$" not in data:
        return None
    try:
        return data.decode("iso2022_jp_2"), "iso2022_jp_2"
    except UnicodeDecodeError:
        return None


def _legacy(data: bytes) -> tuple[str, str]:
    sample = data[:200_000]
    scored = [(score, name) for name in _CJK if (score := _score(sample, name)) > 0]
    best, name = max(scored, default=(0.0, ""))
    if best >= 0.45 and not _single_bytes(sample):
        return data.decode(name, "replace"), name
    return _western(data, sample)


def _single_bytes(sample: bytes) -> bool:
    """Western text has lone high bytes between ASCII letters; double-byte text has runs of them, seldom of odd
    length 1."""
    runs = [len(run) for run in re.findall(rb"[\x80-\xff]+", sample)]
    return bool(runs) and sum(1 for n in runs if n == 1) * 2 > len(runs)


def _score(sample: bytes, name: str) -> float:
    """Mean worth of the non-ASCII characters (1: a common one of the language, 0: rare), 0 where the bytes do
    not decode."""
    decoder = codecs.getincrementaldecoder(name)()
    try:
        text = decoder.decode(sample)
    except UnicodeDecodeError:
        return 0.0
    worth = [_worth(c, name) for c in text if c > "\x7f"]
    return sum(worth) / len(worth) if worth else 0.0


def _worth(c: str, name: str) -> float:
    if c in _COMMON_SETS[name]:
        return 1.0
    japanese = name in ("cp932", "euc_jp")
    if "\u3040" <= c <= "\u30ff":
        return 1.0 if japanese else 0.2
    if "\uac00" <= c <= "\ud7a3":
        return 0.8 if name == "cp949" else 0.0
    if "\u3000" <= c <= "\u303f" or "\uff01" <= c <= "\uff5e":
        return 0.8
    if "\u4e00" <= c <= "\u9fff":
        return 0.1 if name == "cp949" else (0.6 if _first_level(c, name) else 0.1)
    return 0.0


def _first_level(c: str, name: str) -> bool:
    """Whether the character is in the first, common, level of the national set."""
    try:
        lead = c.encode(name)[0]
    except UnicodeEncodeError:
        return False
    low, high = {"gb18030": (0xB0, 0xD7), "cp950": (0xA4, 0xC6), "cp932": (0x88, 0x97), "euc_jp": (0xB0, 0xCF)}[name]
    return low <= lead <= high


def _western(data: bytes, sample: bytes) -> tuple[str, str]:
    """CP1252 for lone accents in Latin words; for longer high runs (Cyrillic, Greek, ...) what
    charset-normalizer finds."""
    if not _single_bytes(sample) and len(sample) > 60:
        match = from_bytes(sample[:20_000]).best()
        if match is not None and match.encoding not in {"ascii", "utf_8"}:
            try:
                return data.decode(match.encoding), match.encoding
            except UnicodeDecodeError:
                pass  # the sample was not typical; latin-1 below always decodes
    for name in ("cp1252", "latin-1"):
        try:
            return data.decode(name), name
        except UnicodeDecodeError:
            continue
    raise AssertionError("latin-1 decodes every byte")


_COMMON_SETS = {name: frozenset(chars) for name, chars in _COMMON.items()}
