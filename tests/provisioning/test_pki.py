import datetime as dt
import ipaddress
import stat
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from provisioning import keys, pki
from provisioning.pki import Authority

NOW = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority.create("devices", NOW)


@pytest.fixture(scope="module")
def device(authority: Authority) -> x509.Certificate:
    return authority.issue_device("kiosk-1", keys.new_key(), NOW)


@pytest.fixture(scope="module")
def client(authority: Authority) -> x509.Certificate:
    return authority.issue_client("hub", keys.new_key(), NOW)


@pytest.fixture(scope="module")
def server(authority: Authority) -> x509.Certificate:
    return authority.issue_server(["hub.example", "127.0.0.1", "::1"], keys.new_key(), NOW)


def name_of(certificate: x509.Certificate) -> object:
    return certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def key_usages(certificate: x509.Certificate) -> set[str]:
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
    return {name for name in (*names, "key_cert_sign", "crl_sign") if getattr(usage.value, name)}


def purposes(certificate: x509.Certificate) -> list[x509.ObjectIdentifier]:
    return list(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)


def test_authority_may_issue_and_nothing_else(authority: Authority) -> None:
    constraints = authority.certificate.extensions.get_extension_for_class(x509.BasicConstraints)

    assert constraints.critical
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    assert key_usages(authority.certificate) == {"key_cert_sign", "crl_sign"}
    assert name_of(authority.certificate) == "devices"


def test_authority_signs_itself_and_lasts_ten_years(authority: Authority) -> None:
    certificate = authority.certificate

    certificate.verify_directly_issued_by(certificate)
    assert certificate.not_valid_before_utc == NOW - pki.BACKDATED_DAYS * DAY
    assert certificate.not_valid_after_utc == NOW + pki.AUTHORITY_DAYS * DAY


def test_device_is_a_client_that_answers_its_like_and_issues_nothing(
    authority: Authority, device: x509.Certificate
) -> None:
    constraints = device.extensions.get_extension_for_class(x509.BasicConstraints)

    device.verify_directly_issued_by(authority.certificate)
    assert name_of(device) == "kiosk-1"
    assert constraints.critical
    assert not constraints.value.ca
    assert key_usages(device) == {"digital_signature"}
    assert purposes(device) == [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]


def test_client_is_a_client_and_nothing_else(authority: Authority, client: x509.Certificate) -> None:
    client.verify_directly_issued_by(authority.certificate)
    assert name_of(client) == "hub"
    assert purposes(client) == [ExtendedKeyUsageOID.CLIENT_AUTH]


def test_server_is_a_server_under_all_its_names(authority: Authority, server: x509.Certificate) -> None:
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value

    server.verify_directly_issued_by(authority.certificate)
    assert name_of(server) == "hub.example"
    assert purposes(server) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert names.get_values_for_type(x509.DNSName) == ["hub.example"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    ]


@pytest.mark.parametrize("kind", ["device", "server"])
def test_certificates_last_ninety_days_on_p256(kind: str, request: pytest.FixtureRequest) -> None:
    certificate: x509.Certificate = request.getfixturevalue(kind)

    assert certificate.not_valid_before_utc == NOW - pki.BACKDATED_DAYS * DAY
    assert certificate.not_valid_after_utc == NOW + 90 * DAY
    assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
    assert isinstance(getattr(certificate.public_key(), "curve", None), SECP256R1)


def test_certificate_carries_the_key_it_was_asked_for(authority: Authority) -> None:
    key = keys.new_key()

    certificate = authority.issue_client("kiosk-1", key, NOW)

    assert certificate.public_key() == key.public_key()


def test_no_two_certificates_share_a_number(authority: Authority) -> None:
    key = keys.new_key()

    numbers = {authority.issue_client("kiosk-1", key, NOW).serial_number for _ in range(20)}

    assert len(numbers) == 20


def test_issuer_is_told_apart_from_its_namesake(authority: Authority, device: x509.Certificate) -> None:
    namesake = Authority.create("devices", NOW)
    named = device.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    own = authority.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value

    assert named.key_identifier == own.digest
    with pytest.raises(InvalidSignature):
        device.verify_directly_issued_by(namesake.certificate)


def test_another_verifier_accepts_the_server_in_its_time_only(authority: Authority, server: x509.Certificate) -> None:
    builder = PolicyBuilder().store(Store([authority.certificate]))
    subject = x509.DNSName("hub.example")

    builder.time(NOW + 89 * DAY).build_server_verifier(subject).verify(server, [])

    with pytest.raises(VerificationError):
        builder.time(NOW + 91 * DAY).build_server_verifier(subject).verify(server, [])
    with pytest.raises(VerificationError):
        builder.time(NOW).build_server_verifier(x509.DNSName("other.example")).verify(server, [])


def test_another_verifier_takes_no_device_for_a_server(authority: Authority, device: x509.Certificate) -> None:
    servers = Authority.create("servers", NOW)

    # Servers are verified under their own authority; even under the devices' one a device is no host's.
    for trusted in (servers, authority):
        verifier = PolicyBuilder().store(Store([trusted.certificate])).time(NOW)
        with pytest.raises(VerificationError):
            verifier.build_server_verifier(x509.DNSName("kiosk-1")).verify(device, [])


def test_holder_of_a_certificate_is_named_with_the_key(authority: Authority) -> None:
    key = keys.new_key()
    certificate = authority.issue_device("kiosk-1", key, NOW)

    holder = pki.holder(certificate.public_bytes(serialization.Encoding.DER))

    assert holder == pki.Holder("kiosk-1", keys.public_der(key))


def test_holder_of_what_is_no_certificate_is_nobody() -> None:
    with pytest.raises(ValueError, match="asn1"):
        pki.holder(b"rubbish")


def test_saved_authority_is_loaded_and_issues(tmp_path: Path, authority: Authority) -> None:
    pki.save(tmp_path, "devices", authority.certificate, authority.key)

    loaded = pki.load(tmp_path, "devices")

    assert loaded.certificate == authority.certificate
    issued = loaded.issue_client("kiosk-1", keys.new_key(), NOW)
    issued.verify_directly_issued_by(authority.certificate)


@pytest.mark.parametrize("mode_before", [None, 0o644])
def test_key_file_is_for_its_owner_only(tmp_path: Path, authority: Authority, mode_before: int | None) -> None:
    path = tmp_path / "devices.key"
    if mode_before is not None:
        path.write_bytes(b"an older and longer file" * 100)
        path.chmod(mode_before)

    pki.save(tmp_path, "devices", authority.certificate, authority.key)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_pem_private_key(path.read_bytes(), password=None)
    assert b"PRIVATE" not in (tmp_path / "devices.pem").read_bytes()
