"""Made-up members: names drawn from common characters, and phone numbers that cannot be dialled."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈"
GIVEN_FIRST = "晓子雨思佳嘉欣雅静文志建国海小明俊浩宇泽梓一若诗梦语安乐清婉"
GIVEN_SECOND = "雨涵怡轩博然琪萱妍婷洁敏强伟杰鹏飞龙辰阳晨瑶悦宁远航锐文宁可心禾"


@dataclass(frozen=True, slots=True)
class DemoMember:
    """Somebody who does not exist. `loyalty` (0 to 1) says how much they buy."""

    name: str
    phone: str
    birthday: date
    home_store: int
    loyalty: float
    has_dynamic_card: bool


FEATURED = (
    ("林晓雨", "Lin Xiaoyu", 0.56, True),
    ("陈思远", "Chen Siyuan", 0.97, True),
    ("周子涵", "Zhou Zihan", 0.22, True),
    ("吴佳宁", "Wu Jianing", 0.02, True),
    ("郑文博", "Zheng Wenbo", 0.40, False),
)
"""Members whose cards lie on the demo's desk: name, name in Latin letters, loyalty, and whether the card is dynamic."""


def people(random: Random, count: int, stores: int) -> list[DemoMember]:
    """Draw members; the featured ones come first and are at home in the first store."""
    drawn = [_person(random, number, stores) for number in range(count)]
    for number, (name, _latin, loyalty, dynamic) in enumerate(FEATURED):
        drawn[number] = replace(drawn[number], name=name, loyalty=loyalty, has_dynamic_card=dynamic, home_store=0)
    return drawn


def _person(random: Random, number: int, stores: int) -> DemoMember:
    given = random.choice(GIVEN_FIRST) + (random.choice(GIVEN_SECOND) if random.random() < 0.8 else "")
    return DemoMember(
        name=random.choice(SURNAMES) + given,
        phone=undialable_phone(number),
        birthday=date(1955, 1, 1) + timedelta(days=random.randrange(365 * 50)),
        home_store=random.randrange(stores),
        loyalty=random.random() ** 2,
        has_dynamic_card=random.random() < 0.8,
    )


def undialable_phone(number: int) -> str:
    """A phone number that looks Chinese and reaches nobody.

    In China's numbering plan numbers from 140 to 144 are for machines and have thirteen digits, so one of eleven digits
    never gets complete.
    """
    return f"+86140{number:08d}"
