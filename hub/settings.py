"""How one installation of the hub is set up: a TOML file, overridden by environment variables `MEMBERTAP_...`."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from provisioning.mqtt import Endpoint


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
    """Read a settings file."""
    return Settings(**TomlConfigSettingsSource(Settings, toml_file=path)())
