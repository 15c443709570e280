from devices.cards import aes, ev2

# NXP AN12196, section 6.6: AuthenticateEV2First with key 0, which is all zero.
KEY = bytes(16)
RND_A = bytes.fromhex("13C5DB8A5930439FC3DEF9A4C675360F")
RND_B = bytes.fromhex("B9E2FC789B64BF237CCCAA20EC7E6E48")


def test_the_published_challenge_is_read() -> None:
    assert aes.decrypt(KEY, bytes.fromhex("A04C124213C186F22399D33AC2A30215")) == RND_B


def test_the_published_reader_proof_is_made() -> None:
    proof = aes.encrypt(KEY, RND_A + ev2.rotated(RND_B))

    assert proof.hex().upper() == "35C3E05A752E0144BAC0DE51C1F22C56B34408A23D8AEA266CAB947EA8E0118D"


def test_the_published_card_proof_is_read() -> None:
    plain = aes.decrypt(KEY, bytes.fromhex("3FA64DB5446D1F34CD6EA311167F5E4985B89690C04A05F17FA7AB2F08120663"))

    assert plain[:4].hex().upper() == "9D00C4DF"
    assert plain[4:20] == ev2.rotated(RND_A)


def test_the_published_session_keys_follow() -> None:
    keys = ev2.session_keys(KEY, RND_A, RND_B)

    assert keys.enc.hex().upper() == "1309C877509E5A215007FF0ED19CA564"
    assert keys.mac.hex().upper() == "4C6626F5E72EA694202139295C7A7FC7"


def test_session_keys_do_not_show_themselves_in_logs() -> None:
    keys = ev2.session_keys(KEY, RND_A, RND_B)

    assert repr(keys.enc) not in repr(keys)
