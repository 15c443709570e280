"""Device keys: ECDSA on P-256 with SHA-256. Signatures are deterministic (RFC 6979), so a simulation repeats them."""

import base64

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    derive_private_key,
    generate_private_key,
)

_SIGNING = ECDSA(hashes.SHA256(), deterministic_signing=True)
_VERIFYING = ECDSA(hashes.SHA256())

SEED_BYTES = 32


def new_key() -> EllipticCurvePrivateKey:
    """Make a device key from the operating system's randomness."""
    return generate_private_key(SECP256R1())


def seeded_key(seed: bytes) -> EllipticCurvePrivateKey:
    """Make the same key from the same 32 bytes, for simulations; a real kiosk calls `new_key`."""
    if len(seed) != SEED_BYTES:
        raise ValueError(f"a seed has {SEED_BYTES} bytes")
    # The order of P-256 lies just under 2^256; halving keeps every seed below it, adding one above zero.
    return derive_private_key(int.from_bytes(seed, "big") // 2 + 1, SECP256R1())


def sign(key: EllipticCurvePrivateKey, data: bytes) -> str:
    """Sign: the DER form in base 64."""
    return base64.b64encode(key.sign(data, _SIGNING)).decode()


def is_signed(public_key: EllipticCurvePublicKey, data: bytes, signature: str) -> bool:
    """Tell whether a signature fits; whatever is not even a signature does not."""
    try:
        public_key.verify(base64.b64decode(signature, validate=True), data, _VERIFYING)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_der(key: EllipticCurvePrivateKey) -> bytes:
    """The public half, in DER form (SubjectPublicKeyInfo)."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def load_public(der: bytes) -> EllipticCurvePublicKey:
    """Read a public key that `public_der` wrote.

    Raises:
        ValueError: if it is no key at all.
        TypeError: if it is not a key on P-256.
    """
    try:
        key = serialization.load_der_public_key(der)
    except UnsupportedAlgorithm as error:
        raise ValueError("a key of an unknown kind") from error
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise TypeError("a device key lies on the elliptic curve P-256")
    return key
