from __future__ import annotations

import threading

import pytest
import torch

from assistant.embedders.threads import shares, side_by_side


def test_shares_are_even_and_whole() -> None:
    assert shares([1, 9, 2, 8, 1], 2) == [[1, 0, 4], [3, 2]]
    assert shares([], 2) == []
    assert shares([3, 1, 4, 1, 5], 3) == [[4], [2, 3], [0, 1]]


def test_each_item_has_one_thread_of_torch_and_others_keep_theirs() -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        found = side_by_side(lambda item: (item, torch.get_num_threads()), ["a", "b", "c"], 2)
        assert found == [("a", 1), ("b", 1), ("c", 1)]
        assert torch.get_num_threads() == 2
        later: list[int] = []
        thread = threading.Thread(target=lambda: later.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        assert later == [2]
    finally:
        torch.set_num_threads(before)


def test_what_fails_in_a_thread_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        side_by_side(lambda item: 1 // item, [1, 0], 2)
