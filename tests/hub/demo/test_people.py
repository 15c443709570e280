from random import Random

import phonenumbers

from hub.demo.people import FEATURED, people, undialable_phone
from hub.members.rules import normal_phone

STORES = 5


def test_the_same_number_draws_the_same_people_and_another_one_others() -> None:
    first, again, other = (people(Random(seed), 50, STORES) for seed in (1, 1, 2))

    assert first == again
    assert first[len(FEATURED) :] != other[len(FEATURED) :]


def test_no_number_can_be_dialled() -> None:
    # No mobile number of China begins with 140 and has eleven digits: those are machines', and have thirteen.
    numbers = [undialable_phone(number) for number in (0, 1, 299, 99_999_999)]

    for number in numbers:
        assert number.startswith("+86140")
        assert len(number) == len("+86") + 11
        assert not phonenumbers.is_valid_number(phonenumbers.parse(number))


def test_numbers_are_unique_and_stand_in_the_form_that_is_searched_for() -> None:
    phones = [person.phone for person in people(Random(1), 300, STORES)]

    assert len(set(phones)) == 300
    assert [normal_phone(phone, "CN") for phone in phones] == phones


def test_everybody_has_a_surname_a_given_name_and_a_home() -> None:
    drawn = people(Random(1), 300, STORES)

    assert all(2 <= len(person.name) <= 3 for person in drawn)
    assert {person.home_store for person in drawn} == set(range(STORES))
    assert all(0 <= person.loyalty <= 1 for person in drawn)


def test_featured_members_are_at_home_in_the_first_store() -> None:
    featured = people(Random(1), 300, STORES)[: len(FEATURED)]

    assert [(person.name, person.home_store) for person in featured] == [(name, 0) for name, *_rest in FEATURED]
    assert [person.has_dynamic_card for person in featured].count(False) == 1
