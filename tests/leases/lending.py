"""Plays the months of a chain under one way of redeeming offline, with the hub's own rule of what it lends."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import log
from random import Random

from hub.leases.lending_rules import PAUSE_S, Held, Holding, LendingPolicy, Visited, plan_for
from tests.leases.months import (
    BEFORE_H,
    DAY_H,
    EARNED,
    EPOCH,
    HOUR,
    Figures,
    Lease,
    Lines,
    Member,
    Town,
    Visit,
    Way,
    moment,
    name,
    visits,
)

START_MEDIAN = 300
START_MAX = 5_000
AFTER_PAUSE_H = (PAUSE_S + 1) / 3_600
MINUTE_H = 1 / 60
TIER = "any"


def play(town: Town, way: Way, policy: LendingPolicy, seed: int) -> Figures:
    """Play it all; the same seed gives the same people, visits and outages to every way."""
    random = Random(seed)
    homes = [random.randrange(town.stores) for _ in range(town.members)]
    people = [Member(home, int(min(START_MAX, random.lognormvariate(log(START_MEDIAN), 0.9)))) for home in homes]
    chain = Chain(way=way, policy=policy, lines=Lines.drawn(town, random), people=people)
    for visit in visits(town, homes, random):
        chain.serve(visit)
    return chain.figures


@dataclass(slots=True, kw_only=True)
class Chain:
    """The chain while it is played."""

    way: Way
    policy: LendingPolicy
    lines: Lines
    people: list[Member]
    figures: Figures = field(default_factory=Figures)

    @property
    def lends(self) -> bool:
        """Tell whether kiosks get anything ahead."""
        return self.way in {Way.LEND, Way.POOL}

    def serve(self, visit: Visit) -> None:
        """Have a member buy or redeem something."""
        member, outage = self.people[visit.member], self.lines.outage(visit.place.store, visit.at_h)
        if visit.at_h < BEFORE_H:
            member.seen[visit.place] = moment(visit.at_h)
            return
        self._catch_up(member, visit.at_h, visit.at_h if outage is None else outage[0] - MINUTE_H)
        if visit.price:
            self._redeem(member, visit, outage)
        else:
            self._book(member, EARNED, visit.at_h, None if outage is None else outage[1])
        member.seen[visit.place] = moment(visit.at_h)
        if outage is not None:
            member.look_h = min(member.look_h, outage[1])
        elif self.lends:
            self._plan(member, visit.at_h)

    def _catch_up(self, member: Member, now_h: float, connected_h: float) -> None:
        """Let happen what happened to a member by itself, as far as the line of this store was there."""
        member.hear(now_h)
        for lease in list(member.leases):
            ends_h = min(lease.deadline_h, now_h if lease.recalled_h is None else lease.recalled_h)
            if ends_h < now_h and self.lines.back_at(lease.place.store, ends_h) <= now_h:
                self._come_back(member, lease)
        if self.lends and max(member.look_h, member.planned_h) <= connected_h:
            self._plan(member, connected_h)

    def _redeem(self, member: Member, visit: Visit, outage: tuple[float, float] | None) -> None:
        whole = member.whole
        if outage is None:
            is_served = self._redeem_online(member, visit)
        elif self.lends:
            is_served = self._redeem_from_leases(member, visit, outage[1])
        else:
            is_served = self.way is Way.TRUST and self._redeem_by_cache(member, visit, outage)
        lacking = min(max(visit.price - whole, 0), visit.price)
        self._count(visit, is_served=is_served, is_offline=outage is not None, lacking=lacking)

    def _count(self, visit: Visit, *, is_served: bool, is_offline: bool, lacking: int) -> None:
        figures = self.figures
        if is_served and lacking:
            figures.overdrafts += 1
            figures.overdrawn_points += lacking
        if visit.is_cheat or lacking:
            return
        if is_offline:
            figures.offline_affordable += 1
            figures.offline_served += is_served
        else:
            figures.online_affordable += 1
            figures.online_refused += not is_served

    def _redeem_online(self, member: Member, visit: Visit) -> bool:
        if self._redeem_from_leases(member, visit, None):
            return True
        if member.available < visit.price and member.leases:
            self._recall(member, member.leases, visit.at_h)
        if member.available < visit.price:
            return False
        self._book(member, -visit.price, visit.at_h, None)
        return True

    def _redeem_from_leases(self, member: Member, visit: Visit, heard_h: float | None) -> bool:
        """A spend comes from one lease, whole; where kiosks share, what is lacking is passed on first."""
        usable = [lease for lease in member.leases if lease.deadline_h > visit.at_h]
        here = [lease for lease in usable if lease.place == visit.place]
        if self.way is Way.POOL:
            here += [lease for lease in usable if lease.place != visit.place and lease.place.store == visit.place.store]
        elif not any(lease.rest >= visit.price for lease in here):
            return False
        if sum(lease.rest for lease in here) < visit.price:
            return False
        lacking = visit.price
        for lease in sorted(here, key=lambda lease: lease.rest < visit.price):
            part = min(lease.rest, lacking)
            lease.rest -= part
            lacking -= part
            if heard_h is not None and part:
                lease.unheard.append((heard_h, part))
        return True

    def _redeem_by_cache(self, member: Member, visit: Visit, outage: tuple[float, float]) -> bool:
        key = (visit.place.store, outage[0])
        if key not in member.cached:
            found = bisect_right(member.log, (outage[0], START_MAX * 100)) - 1
            member.cached[key] = member.log[found][1] if found >= 0 else member.available
        if member.cached[key] < visit.price:
            return False
        member.cached[key] -= visit.price
        self._book(member, -visit.price, visit.at_h, outage[1])
        return True

    def _book(self, member: Member, points: int, at_h: float, heard_h: float | None) -> None:
        if heard_h is not None:
            member.pending.append((heard_h, points))
            return
        member.available += points
        if self.way is Way.TRUST:
            member.log.append((at_h, member.available))

    def _recall(self, member: Member, leases: Iterable[Lease], at_h: float) -> bool:
        """Call leases back; tells whether anything came at once."""
        came = False
        for lease in list(leases):
            if self.lines.outage(lease.place.store, at_h) is None:
                self._come_back(member, lease)
                came = True
            elif lease.recalled_h is None:
                lease.recalled_h = at_h
        if came:
            member.called_back_h = at_h
        return came

    def _come_back(self, member: Member, lease: Lease) -> None:
        member.leases.remove(lease)
        member.available += lease.rest

    def _plan(self, member: Member, at_h: float) -> None:
        """Do what the hub's rule says, and once more after its pause where that called something back."""
        if member.called_back_h is not None and at_h - member.called_back_h < AFTER_PAUSE_H:
            at_h = member.called_back_h + AFTER_PAUSE_H
        if self._carry_out(member, at_h):
            self._carry_out(member, at_h + AFTER_PAUSE_H)

    def _carry_out(self, member: Member, at_h: float) -> bool:
        plan = plan_for(self.policy, self._holding(member, at_h), moment(at_h))
        places = {name(place): place for place in member.seen}
        for kiosk, points in plan.lend:
            member.numbers += 1
            member.available -= points
            deadline_h = at_h + self.policy.days * DAY_H
            member.leases.append(Lease(places[kiosk], member.numbers, points, at_h, deadline_h))
        member.look_h, member.planned_h = (plan.look_at - EPOCH) / HOUR, at_h
        named = {number for _kiosk, number in plan.recall}
        return self._recall(member, [lease for lease in member.leases if lease.number in named], at_h)

    def _holding(self, member: Member, at_h: float) -> Holding:
        return Holding(
            tier=TIER,
            home_store=str(member.home),
            spendable=member.available,
            visits=[
                Visited(
                    name(place),
                    str(place.store),
                    seen_at,
                    is_ready=self.lines.outage(place.store, at_h) is None,
                )
                for place, seen_at in member.seen.items()
            ],
            held=[
                Held(
                    name(lease.place),
                    lease.number,
                    lease.rest_at_hub(at_h),
                    moment(lease.granted_h),
                    moment(lease.deadline_h),
                    is_recalled=lease.recalled_h is not None,
                )
                for lease in member.leases
            ],
            called_back_at=None if member.called_back_h is None else moment(member.called_back_h),
        )
