"""Certificates: one authority for devices, one for servers, so that neither can pass for the other.

P-256 throughout. A certificate's common name is the name by which the broker knows who connects.
"""

import datetime as dt
import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from provisioning.keys import new_key

AUTHORITY_DAYS = 3650
CERTIFICATE_DAYS = 90
"""How long a device's or server's certificate is valid; it is renewed after two thirds of that."""
BACKDATED_DAYS = 1
"""A kiosk's clock may be behind; a certificate from the future would lock it out."""


@dataclass(frozen=True, slots=True)
class Authority:
    """Something that issues certificates."""

    certificate: x509.Certificate
    key: EllipticCurvePrivateKey

    @classmethod
    def create(cls, name: str, now: dt.datetime) -> "Authority":
        """Make a new authority."""
        key, subject = new_key(), _name(name)
        builder = _builder((subject, subject), key, now, AUTHORITY_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        builder = builder.add_extension(_key_usage(issues=True), critical=True)
        identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        return cls(builder.add_extension(identifier, critical=False).sign(key, hashes.SHA256()), key)

    def issue_client(self, name: str, key: EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
        """Certify that a key belongs to the hub as a client of the broker."""
        return self._issue(name, key, now, [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])])

    def issue_device(self, name: str, key: EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
        """Certify that a key belongs to a device, which is a client of the broker and answers other devices.

        It names no host, and only devices trust this authority, so it does not pass for the broker or the hub.
        """
        usage = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
        return self._issue(name, key, now, [x509.ExtendedKeyUsage(usage)])

    def issue_server(self, hosts: list[str], key: EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
        """Certify that a key belongs to a server, under all of its names and addresses."""
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        return self._issue(hosts[0], key, now, [usage, x509.SubjectAlternativeName([_host(host) for host in hosts])])

    def _issue(
        self, name: str, key: EllipticCurvePrivateKey, now: dt.datetime, purposes: Sequence[x509.ExtensionType]
    ) -> x509.Certificate:
        builder = _builder((_name(name), self.certificate.subject), key, now, CERTIFICATE_DAYS)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_key_usage(issues=False), critical=True)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        for extension in (*purposes, issuer):
            builder = builder.add_extension(extension, critical=False)
        return builder.sign(self.key, hashes.SHA256())


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose a certificate is: the common name, and the public key in DER."""

    name: str
    key: bytes


def holder(der: bytes) -> Holder:
    """Whose a certificate is that was verified before, from its DER form.

    Raises:
        ValueError: it is none, or has no name, or no key on P-256.
    """
    certificate = x509.load_der_x509_certificate(der)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    key = certificate.public_key()
    if not names or not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise ValueError("a certificate without a name or a key of ours")
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return Holder(str(names[0].value), key.public_bytes(serialization.Encoding.DER, form))


def save(folder: Path, name: str, certificate: x509.Certificate, key: EllipticCurvePrivateKey) -> None:
    """Write `name.pem` and `name.key`; the key is for its owner only."""
    (folder / f"{name}.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    data = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    descriptor = os.open(folder / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        # The mode above is for a new file only; one that was there keeps its own.
        os.fchmod(descriptor, 0o600)
        file.write(data)


def load(folder: Path, name: str) -> Authority:
    """Read an authority that `save` wrote."""
    key = load_pem_private_key((folder / f"{name}.key").read_bytes(), password=None)
    assert isinstance(key, EllipticCurvePrivateKey), "authorities sign with keys on an elliptic curve"
    return Authority(x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes()), key)


def _builder(
    names: tuple[x509.Name, x509.Name], key: EllipticCurvePrivateKey, now: dt.datetime, days: int
) -> x509.CertificateBuilder:
    subject, issuer = names
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=BACKDATED_DAYS))
        .not_valid_after(now + dt.timedelta(days=days))
    )


def _key_usage(*, issues: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not issues,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=issues,
        crl_sign=issues,
        encipher_only=False,
        decipher_only=False,
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
