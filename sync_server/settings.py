"""What a host can set, all by environment variables, each with a default that works on a laptop."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Where mail goes: an SMTP host, or a folder of `.eml` files when `folder` is set; nowhere when neither is."""

    host: str = ""
    port: int = 587
    user: str = ""
    password: str = ""
    uses_tls: bool = True
    sender: str = "iTutorOS <no-reply@localhost>"
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class OpenIdProvider:
    """A provider of OpenID Connect by which people may sign in; `words` is how the button calls it."""

    name: str
    words: str
    discovery_url: str
    client_id: str
    client_secret: str


@dataclass(frozen=True, slots=True)
class Settings:
    """One server's settings. Without `database_url` an embedded PostgreSQL runs in `data_folder`."""

    data_folder: Path
    database_url: str = ""
    migration_database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8400
    public_url: str = ""
    trusts_proxy: bool = False
    file_quota_mb: int = 2048
    """The most that the files of one organization may take."""
    mail: MailSettings = MailSettings()
    direct_database_url: str = ""
    """The database past a pooler such as pgbouncer, for what needs a connection of its own; else `database_url`."""
    pool_size: int = 20
    """Connections to PostgreSQL that each process keeps; it has 40 threads, which at most use one each."""
    processes: int = 1
    runs_worker: bool = True
    """Whether `serve` does the jobs too; False where `itutoros-server worker` runs beside it."""
    migrates: bool = True
    """Whether `serve` brings the schema up to date; False where `itutoros-server migrate` is a step of its own."""
    metrics_host: str = "127.0.0.1"
    metrics_port: int = 0
    """Port of /metrics alone; 0 for none."""
    metrics_token: str = ""
    """Who shows it may read /metrics at the server's own port; without one nobody may."""
    drain_seconds: float = 0.0
    """How long a server that is to end still answers while /ready says no, for a load balancer to notice."""
    backup_folder: Path | None = None
    backup_days: int = 14
    password_minimum: int = 10
    """The fewest characters of a password; never below eight."""
    secret_keys: tuple[str, ...] = ()
    """Under the first, secrets are sealed in the database; the others still open what was sealed under them."""
    openid_providers: tuple[OpenIdProvider, ...] = ()
    moment: datetime | None = None
    """The moment a demonstration starts at; the computer's clock otherwise."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read ITUTOROS_* variables and DATABASE_URL."""
        folder = environment.get("ITUTOROS_MAIL_FOLDER", "")
        moment = environment.get("ITUTOROS_DEMO_MOMENT", "")
        return cls(
            data_folder=Path(environment.get("ITUTOROS_DATA", "") or _default_folder()),
            database_url=environment.get("DATABASE_URL", ""),
            migration_database_url=environment.get("ITUTOROS_MIGRATION_DATABASE_URL", ""),
            host=environment.get("ITUTOROS_HOST", "127.0.0.1"),
            port=int(environment.get("ITUTOROS_PORT", "8400")),
            public_url=environment.get("ITUTOROS_PUBLIC_URL", "").rstrip("/"),
            trusts_proxy=environment.get("ITUTOROS_TRUST_PROXY", "") == "1",
            file_quota_mb=int(environment.get("ITUTOROS_FILE_QUOTA_MB", "2048")),
            mail=MailSettings(
                host=environment.get("ITUTOROS_SMTP_HOST", ""),
                port=int(environment.get("ITUTOROS_SMTP_PORT", "587")),
                user=environment.get("ITUTOROS_SMTP_USER", ""),
                password=environment.get("ITUTOROS_SMTP_PASSWORD", ""),
                uses_tls=environment.get("ITUTOROS_SMTP_TLS", "1") == "1",
                sender=environment.get("ITUTOROS_MAIL_SENDER", "iTutorOS <no-reply@localhost>"),
                folder=Path(folder) if folder else None,
            ),
            direct_database_url=environment.get("ITUTOROS_DIRECT_DATABASE_URL", ""),
            pool_size=int(environment.get("ITUTOROS_POOL_SIZE", "20")),
            processes=int(environment.get("ITUTOROS_PROCESSES", "1")),
            runs_worker=environment.get("ITUTOROS_WORKER", "1") == "1",
            migrates=environment.get("ITUTOROS_MIGRATE", "1") == "1",
            metrics_host=environment.get("ITUTOROS_METRICS_HOST", "127.0.0.1"),
            metrics_port=int(environment.get("ITUTOROS_METRICS_PORT", "0")),
            metrics_token=environment.get("ITUTOROS_METRICS_TOKEN", ""),
            drain_seconds=float(environment.get("ITUTOROS_DRAIN_SECONDS", "0")),
            backup_folder=Path(backups) if (backups := environment.get("ITUTOROS_BACKUP_FOLDER", "")) else None,
            backup_days=int(environment.get("ITUTOROS_BACKUP_DAYS", "14")),
            password_minimum=max(8, int(environment.get("ITUTOROS_PASSWORD_MINIMUM", "10"))),
            secret_keys=tuple(environment.get("ITUTOROS_SECRET_KEYS", "").replace(",", " ").split()),
            openid_providers=_providers(environment),
            moment=datetime.fromisoformat(moment) if moment else None,
        )

    @property
    def site_url(self) -> str:
        """The address under which people reach this server."""
        return self.public_url or f"http://{self.host}:{self.port}"


def _providers(environment: Mapping[str, str]) -> tuple[OpenIdProvider, ...]:
    """ITUTOROS_OPENID names providers, such as `google,school`; each has its own four variables."""
    names = [name.strip().lower() for name in environment.get("ITUTOROS_OPENID", "").split(",") if name.strip()]

    def of(name: str, what: str) -> str:
        return environment.get(f"ITUTOROS_OPENID_{name.upper()}_{what}", "")

    return tuple(
        OpenIdProvider(
            name, of(name, "NAME") or name.title(), of(name, "URL"), of(name, "CLIENT"), of(name, "SECRET")
        )
        for name in names
    )


def _default_folder() -> Path:
    from platformdirs import user_data_path

    return user_data_path("iTutorOS-server", appauthor=False)
