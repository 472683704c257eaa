"""What each promise says, and what its full form counts. Numbers are those of the tests' names: `test_p07_...`."""

from __future__ import annotations

PROMISES = {
    1: ("A crash loses nothing", "100 kills that meet a process at work, 50 files each"),
    2: ("The same for delete, rename, replace, import, settings", "50 kills each"),
    3: ("One bad file never stops the others", "11 bad files among 6 good ones"),
    4: ("Parsers in killable processes, with limits", "each limit once"),
    5: ("Nothing silently empty or cut", "reports checked by hand"),
    6: ("File names are data", "hostile names by library, route and page"),
    7: ("Delete means gone", "disk, search, page"),
    8: ("A full disk is said", "a small file system filled step by step"),
    9: ("Damaged indexes are rebuilt", "every file of both indexes, several damages"),
    10: ("Released schemas migrate", "every released schema"),
    11: ("Two processes on one home", "ingesting, deleting, opening at once"),
    12: ("Backups are consistent", "backups while writing"),
    13: ("Parser fuzzing", "2,000 mutated inputs a format, 200 where OCR runs"),
    14: ("Every quote stands in its passage", "all questions of QED dev and CMRC2018 dev"),
    15: ("Every number of a model's cited sentence stands there", "5,000 sentences of two sets, each number changed"),
    16: ("Text in documents is data", "100 documents with orders: embedded, and a model that obeys"),
    17: ("Messages are stored as they happen", "50 kills over 20 chats, without a model and while one streams"),
    18: ("Stop stops", "100 stops within 2 s: embedded, a model at an address, a real vLLM"),
    19: ("Same receipt, same answer", "100 questions asked twice, byte for byte"),
    20: ("Each failure of a model server has its sentence", "each once, by a server that fails so and by vLLM"),
    21: ("A killed model server loses nothing", "50 streams and 50 chats a killed process: engine, worker, API"),
    22: ("A reader who leaves frees their place", "100 leave a fake server, 100 vLLM, 100 us before vLLM"),
    23: ("Over capacity: 429 with Retry-After", "10 times as many people as places for 60 s"),
    28: ("This machine only, Host and Origin checked", "every changing route"),
    31: ("API keys: hashed, scoped, revocable", "each right, by route"),
    32: ("Content-Security-Policy, escaped text", "every request of the page"),
    34: ("No secrets or text in logs", "a day's work at level debug; the whole suite's log"),
    35: ("The API fuzzed from its OpenAPI file; body limits", "400 made-up requests an operation, and chains"),
    36: ("Only safetensors", "all our code; pickles planted in a model"),
    38: ("50 people chatting", "10 minutes on two cores; memory after 10,000 questions"),
    39: ("Offline", "the suite without a route; every process of a day's work watched"),
    40: ("Clock, zone, locale, read-only home, another disk", "each once"),
}
"""Promise -> (what it says in short, what the full form counts)."""
