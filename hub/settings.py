"""How one installation of the hub is set up: a TOML file, overridden by environment variables `MEMBERTAP_...`."""

from pathlib import Path
from tomllib import TOMLDecodeError

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from hub.errors import SetupError
from provisioning.mqtt import Endpoint


class SettingsError(SetupError):
    """The settings cannot be used."""


class Listen(BaseModel):
    """Where the API listens, and with which certificate (PEM files)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: int
    certificate: Path
    key: Path
    workers: int = 1


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


class Settings(BaseSettings):
    """Everything that differs between installations. Paths are taken relative to where the hub is started."""

    model_config = SettingsConfigDict(env_prefix="MEMBERTAP_", env_nested_delimiter="__", extra="forbid", frozen=True)

    database: str
    secrets: Path
    api: Listen
    broker: Broker

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
