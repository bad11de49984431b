"""Windows wait for those before them, and for no others."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from threading import Event

import pytest

from glotmill.engine.translation.window_order import AbandonedError, WindowOrder, alone

SOON = 5.0


def test_a_window_plans_a_phase_after_those_before_it_and_knows_who_is_still_at_it():
    order = WindowOrder()
    first, second = order.place(0), order.place(1)
    planned = Event()

    def plan() -> list[int]:
        with second.planning("forward") as before:
            planned.set()
            return before

    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(plan)
        assert not planned.wait(0.05)
        with first.planning("forward") as before:
            assert before == []
        assert waiting.result(SOON) == [0]
    first.through("forward")
    with order.place(2).planning("forward") as before:
        assert before == [1]


def test_who_skips_a_phase_keeps_nobody_waiting():
    order = WindowOrder()
    order.place(0).through("forced")
    with order.place(1).planning("forward.second") as before:
        assert before == []
    order.place(1).await_entries("forward")


def test_entries_are_read_when_those_before_are_through():
    order = WindowOrder()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(order.place(1).await_entries, "back")
        order.place(0).through("forward")
        assert not waiting.done()
        order.place(0).through("back")
        waiting.result(SOON)


def test_windows_open_while_at_most_two_make_their_lists():
    order = WindowOrder()

    def always(_: list[int]) -> bool:
        return True

    with ThreadPoolExecutor(1) as threads:
        for number in range(2):
            order.await_turn(number, always)
        waiting = threads.submit(order.await_turn, 2, always)
        with pytest.raises(TimeoutError):
            waiting.result(0.05)
        order.place(0).planned("forward")
        waiting.result(SOON)
        order.over(1)  # it had nothing to send
        beside: list[list[int]] = []
        order.await_turn(3, lambda opened: beside.append(opened) or True)
        assert beside == [[0, 2]]


def test_a_window_that_is_composed_lets_later_ones_join_their_shards_while_it_still_joins_its_own():
    order = WindowOrder()
    order.place(0).through("compose")
    order.place(1).await_entries("compose")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(order.place(1).await_entries, "pack")
        with pytest.raises(TimeoutError):
            waiting.result(0.05)
        order.place(0).through("pack")
        waiting.result(SOON)


def test_a_failure_wakes_whoever_waits():
    order = WindowOrder()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(order.place(1).await_entries, "back")
        order.fail()
        with pytest.raises(AbandonedError):
            waiting.result(SOON)


def test_what_has_nothing_before_it_waits_for_nothing():
    with alone().planning("forward") as before:
        assert before == []
    alone().await_entries("forward")


def test_the_lists_of_a_window_stay_until_nobody_reads_them():
    order = WindowOrder()
    first, second = order.place(0), order.place(1)
    with first.planning("back"):
        pass
    with ThreadPoolExecutor(1) as threads:
        with second.planning("back") as before:
            assert before == [0]
            first.through("pack")
            waiting = threads.submit(first.await_unread)
            assert wait([waiting], 0.05).not_done
        waiting.result(SOON)


def test_a_window_that_has_nothing_for_an_engine_keeps_nobody_waiting():
    order = WindowOrder()
    order.place(0).planned("forward")
    with order.place(1).planning("forward.second") as before:
        assert before == [0]
