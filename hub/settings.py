"""How one installation of the hub is set up: a TOML file, overridden by environment variables `MEMBERTAP_...`."""

from ipaddress import ip_address
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated
from urllib.parse import parse_qs, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, IPvAnyNetwork, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from hub.errors import SetupError
from hub.limits import LIMITS
from provisioning.mqtt import Endpoint

POSTGRESQL = "postgresql"
CHECKED = "verify-full"
"""The only mode of libpq that compares the name in the certificate, too (its manual, SSL Support)."""

HOSTS = ("host", "hostaddr", "service")
"""Where else an address of libpq may lead to another machine."""

Https = Annotated[str, Field(pattern=r"^https://")]


class SettingsError(SetupError):
    """The settings cannot be used."""


class Listen(BaseModel):
    """Where the API listens, and with which certificate (PEM files).

    `proxies` are the networks of proxies before it (`192.0.2.0/24`): their `X-Forwarded-For` is believed, and no other.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: int
    certificate: Path
    key: Path
    workers: int = 1
    proxies: tuple[IPvAnyNetwork, ...] = ()


class Broker(BaseModel):
    """The broker, and the hub's own certificate for it (PEM files)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: int
    ca: Path
    certificate: Path
    key: Path

    @property
    def endpoint(self) -> Endpoint:
        """The broker as the line wants it."""
        return Endpoint(self.host, self.port, self.ca, self.certificate, self.key)


class Site(BaseModel):
    """How browsers reach the hub, which passkeys are bound to: `https://HOST`, with a port where it has one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    origin: Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+(:[0-9]{1,5})?$")]
    name: str = "membertap"

    @property
    def host(self) -> str:
        """The host name alone."""
        return self.origin.removeprefix("https://").split(":")[0]


class Outside(BaseModel):
    """A provider of log-ins for headquarters (OpenID Connect), and how it knows the hub.

    `client_secret` is best given by the environment: MEMBERTAP_OUTSIDE__CLIENT_SECRET. `ca` is the provider's own
    certificate authority (PEM), where it is no public one. `acr` names the levels of assurance that are taken, `amr`
    methods of which the provider must have used one; where both are empty it is trusted to ask for a second factor.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: Https
    client_id: str
    client_secret: SecretStr
    redirect: Https
    ca: Path | None = None
    acr: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()


class Webhooks(BaseModel):
    """Receivers in the hub's own network, as `host:port`: they alone may have private addresses.

    Those on the hub's own machine may have plain HTTP, for a program beside the hub that passes messages on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    inside: tuple[str, ...] = ()


class RateLimits(BaseModel):
    """Most requests in a minute to the API of one machine, under one key or session, and from one network address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key_per_minute: Annotated[int, Field(ge=1)] = LIMITS.key_per_minute
    source_per_minute: Annotated[int, Field(ge=1)] = LIMITS.source_per_minute


class Settings(BaseSettings):
    """Everything that differs between installations. Paths are taken relative to where the hub is started."""

    model_config = SettingsConfigDict(env_prefix="MEMBERTAP_", env_nested_delimiter="__", extra="forbid", frozen=True)

    database: str
    secrets: Path
    audit_heads: Path | None = None
    api: Listen
    broker: Broker
    site: Site | None = None
    outside: Outside | None = None
    webhooks: Webhooks = Webhooks()
    breached_passwords: Path | None = None
    second_factor_for_all: bool = False
    limits: RateLimits = RateLimits()

    @field_validator("database")
    @classmethod
    def _secret_line(cls, url: str) -> str:
        if not is_local(url) and parse_qs(urlsplit(url).query).get("sslmode") != [CHECKED]:
            raise ValueError(
                "the line to PostgreSQL would not be secret, or not checked: add sslmode=verify-full to the address, "
                "and sslrootcert=FILE for an authority of your own; only a server on the hub's own machine goes without"
            )
        return url

    @property
    def heads_file(self) -> Path:
        """Where heads of the audit log are written down: beside the secrets, unless another file is named."""
        return self.audit_heads or self.secrets.with_name("audit-heads")

    @classmethod
    def settings_customise_sources(  # noqa: PLR0917 - pydantic's signature
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the same
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        return (env_settings, init_settings)


def is_local(url: str) -> bool:
    """Tell whether the database is on the hub's own machine: a file, or a server by its socket or a loopback address.

    A server without a host is reached by its socket (libpq).
    """
    parts = urlsplit(url)
    if not parts.scheme.startswith(POSTGRESQL):
        return True
    asked = parse_qs(parts.query)
    named = [host for name in HOSTS for value in asked.get(name, []) for host in value.split(",")]
    return all(_is_of_this_machine(host) for host in (*named, *filter(None, [unquote(parts.hostname or "")])))


def _is_of_this_machine(host: str) -> bool:
    if host.startswith("/") or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def read(path: Path) -> Settings:
    """Read a settings file.

    Raises:
        SettingsError: if it is not TOML, or something in it is missing, unknown or of the wrong kind.
    """
    try:
        return Settings(**TomlConfigSettingsSource(Settings, toml_file=path)())
    except TOMLDecodeError as error:
        raise SettingsError(f"{path.name} is not TOML: {error}") from None
    except ValidationError as error:
        # Only what is wrong and where: the values may hold a password.
        wrong = [f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors(include_input=False)]
        raise SettingsError("\n".join([f"{path.name} cannot be used:", *wrong])) from None
