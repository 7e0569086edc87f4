"""From a person back to the bot: the screen is read first; where it says something else, a person says what counts."""

import math
from typing import Any

from temporalio.exceptions import ActivityError, ApplicationError

from activities.look import Looked
from activities.people import Verified
from core.faults import ConfirmedButAbsent, Conflict, NotSeenInTime
from core.work_item import Kind, State
from workflows import policies
from workflows.acts import GiveBack, Told
from workflows.doubt import NOT_THERE, OTHERWISE, THERE
from workflows.item_book import ItemBook
from workflows.resolver import Resolver


async def seen_now(resolver: Resolver) -> Looked:
    """What the screen shows to a person who waits for it; an ApplicationError when it cannot be read now."""
    try:
        looked = await resolver.look("verify", prove_dead=False, within=policies.VERIFY_TIMEOUT)
    except ActivityError:
        message = "The system cannot be searched now; nothing was changed. Try again later."
        raise ApplicationError(message, type="system_down") from None
    if looked.again_in is not None:
        seconds = math.ceil(looked.again_in)
        message = f"What a bot began may still come in, so nobody has looked yet. Try again in {seconds} seconds."
        raise ApplicationError(message, type="too_early")
    return looked


class GivingBack:
    """Carries out one kind of Update on one item; who acts has been verified by then."""

    def __init__(self, book: ItemBook, resolver: Resolver) -> None:
        self._book = book
        self._resolver = resolver

    async def give_back(self, act: GiveBack, person: Verified) -> Told:
        """Look; there: done. As it was: the bot enters it. Something else: the person says which value is the truth."""
        if not self._book.searchable:
            return await self._unsearched(act, person)
        looked = await seen_now(self._resolver)
        if looked.answer in THERE:
            return await self._is_in(looked, "item.adopted", person)
        if looked.answer in NOT_THERE and not looked.ours:
            return await self._is_not_in(looked, act, person)
        if looked.record is None or looked.answer not in OTHERWISE | NOT_THERE:
            message = "The screen does not tell how this entry stands now; nothing was changed. Look on the system."
            raise ApplicationError(message, type="cannot_tell")
        if not act.truth or act.seen != looked.record:
            return await self._ask(act, looked, person)
        if act.truth == "screen":
            return await self._is_in(looked, "item.kept_as_seen", person, why=act.why)
        return await self._ours(act, looked, person)

    async def _is_not_in(self, looked: Looked, act: GiveBack, person: Verified) -> Told:
        """To the bot; but not what the system had confirmed, where this is the first look since the doubt."""
        if looked.confirmed is None or self._book.known.code != NotSeenInTime.code:
            await self._to_the_bot("item.given_back", act, person)
            return Told(message="The screen shows no entry of it: a bot makes it as soon as it is its turn.")
        values = {"code": ConfirmedButAbsent.code, "differences": []}
        await self._book.move(State.WITH_PERSON, "item.looked", actor=person.email, values=values, held_by=act.by)
        return Told(message="The system had confirmed it, but the screen does not show it. Find out which is right.")

    async def _unsearched(self, act: GiveBack, person: Verified) -> Told:
        """Nothing can be read first: only the person knows whether it was keyed."""
        if act.truth != "ours":
            message = "This system cannot be searched. Say that a bot is to enter it, or that it was done by hand."
            raise ApplicationError(message, type="input_refused")
        await self._to_the_bot("item.given_back", act, person)
        return Told(message="A bot enters it as soon as it is its turn.")

    async def _is_in(self, looked: Looked, event: str, person: Verified, why: str = "") -> Told:
        confirmation = looked.confirmation or looked.confirmed or self._book.known.confirmation
        found = {"confirmation": confirmation, "result": looked.record, "adopted": True}
        await self._book.part_in(event, State.READY, found, actor=person.email, why=why, data={"reason": why})
        if self._book.known.state is State.DONE:
            return Told(message="The screen shows it; the entry is done.")
        return Told(message="The screen shows this part; a bot goes on with the next one.")

    async def _ask(self, act: GiveBack, looked: Looked, person: Verified) -> Told:
        """Keep the images for the person, who has the item from now on."""
        differences = [found.model_dump() for found in looked.differences]
        values = {
            "code": Conflict.code,
            "differences": differences,
            "wanted": looked.wanted,
            "seen": looked.record,
        }
        await self._book.move(State.WITH_PERSON, "item.looked", actor=person.email, values=values, held_by=act.by)
        if act.truth:
            message = "The screen shows other values by now. Look at them, then say again which are the truth."
            raise ApplicationError(message, type="screen_changed")
        return Told(message="The screen shows other values than before and than ours. Say which of them are the truth.")

    async def _ours(self, act: GiveBack, looked: Looked, person: Verified) -> Told:
        item = self._book.known
        if self._book.parts[item.parts_done].kind not in (Kind.CHANGE, Kind.REMOVE):
            message = "What stands there cannot be entered over. Mend it on the system, keep it, or correct ours."
            raise ApplicationError(message, type="input_refused")
        before = {**(item.before or {}), **(looked.record or {})}
        await self._to_the_bot("item.ours_kept", act, person, values={"before": before}, content=item.content)
        return Told(message="A bot enters ours over what the screen shows, as soon as it is its turn.")

    async def _to_the_bot(self, event: str, act: GiveBack, person: Verified, **more: Any) -> None:
        self._book.insisted = True
        values = {"code": "", "differences": [], **more.pop("values", {})}
        why = {"actor": person.email, "why": act.why, "data": {"reason": act.why}}
        await self._book.move(State.READY, event, values=values, **why, **more)
