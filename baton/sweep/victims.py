"""Whom a blow strikes: the processes of one bot, found from outside by what descends from it."""

import psutil

from baton.processes import GONE


def of(victim: str, bot: int, browser: int | None) -> list[psutil.Process]:
    """The processes called `victim` (bot, browser, renderer, driver) of the bot process; empty when there is none.

    `browser` is the browser of the job, or of this system's last job when the job has none yet.
    """
    try:
        process = psutil.Process(bot)
        if victim == "bot":
            return [process]
        mine = process.children(recursive=True)
        seat = next((one for one in mine if one.pid == browser), None)
        if seat is None:
            return []
        if victim == "browser":
            return [seat]
        if victim == "renderer":
            return [one for one in seat.children(recursive=True) if "--type=renderer" in _words(one)]
        return [one for one in seat.parents() if "run-driver" in _words(one)]
    except GONE:
        return []


def _words(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except GONE:
        return []


def kill(processes: list[psutil.Process]) -> None:
    """SIGKILL; those that are gone are fine."""
    for process in processes:
        try:
            process.kill()
        except GONE:
            continue


def suspend(processes: list[psutil.Process]) -> None:
    """SIGSTOP."""
    for process in processes:
        try:
            process.suspend()
        except GONE:
            continue


def resume(processes: list[psutil.Process]) -> None:
    """SIGCONT."""
    for process in processes:
        try:
            process.resume()
        except GONE:
            continue
