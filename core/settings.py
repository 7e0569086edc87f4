"""Every setting of a part, read from the environment; `docs/settings.md` explains each."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What a part needs to know of its surroundings. Variables carry the prefix `BATON_`."""

    model_config = SettingsConfigDict(env_prefix="BATON_", frozen=True, extra="ignore")

    database_url: str = Field("", description="PostgreSQL, as postgresql://user:password@host:port/name.")
    data_dir: Path = Field(Path(".baton"), description="Folder for evidence and everything this machine keeps.")
    console_url: str = Field("http://127.0.0.1:8400", description="The console's address as people's browsers see it.")
    console_host: str = Field("127.0.0.1", description="Address the console listens on.")
    console_port: int = Field(8400, description="Port the console listens on.")
    health_host: str = Field("127.0.0.1", description="Address on which a part without pages says how it is.")
    health_port: int = Field(0, ge=0, le=65535, description="Its port; 0: any free one, which its log tells.")
    health_urls: str = Field("", description="Where `baton status` asks the parts, as worker=http://host:port, ...")
    deadman_url: str = Field("", description="Address that is called each minute while all is well; a secret.")
    temporal_ui_url: str = Field("", description="Address of the Temporal UI, for links; empty hides them.")
    smtp_url: str = Field("", description="Mail server, as smtp://[user:password@]host:port; empty: mail waits.")
    mail_from: str = Field("service@example.org", description="Sender of mails to customers.")
    reply_to: str = Field("", description="Address that answers go to; a token is added to it. Empty: the sender.")
    mailbox_url: str = Field("", description="Where answers arrive: maildir:///folder or imaps://user@host/folder.")
    mailbox_ca_file: Path | None = Field(None, description="The certificate authority of the mailbox's server.")
    promise_lead_minutes: int = Field(30, ge=1, description="Minutes before its promise a held entry goes to people.")
    doubt_hours: float = Field(4, gt=0, description="Hours after which a doubt nobody could look into goes to people.")
    failures_told_from: int = Field(10, ge=1, description="Failures of one cause from which on somebody is told of it.")
    reopen_days: int = Field(14, ge=0, description="Days in which an answer opens a closed case again.")
    company: str = Field("Customer service", description="Who asks, as customers see it on the page behind a link.")
    webhook_networks: str = Field("", description="Inner networks that webhooks may call, as 10.1.0.0/16, 127.0.0.0/8.")
    orderdesk_url: str = Field("", description="Address of the order desk.")
    servicedesk_url: str = Field("", description="Address of the service desk's API.")
    fieldboard_url: str = Field("", description="Address of the dispatch board.")
    systems_file: Path | None = Field(None, description="Operator's file of seats, hours and pace of each system.")
    policies_file: Path | None = Field(None, description="Operator's file of handoff policies; else the shipped ones.")
    playbooks_file: Path | None = Field(None, description="Operator's file of playbooks for outages.")
    secrets: Literal["env", "file", "vault"] = Field("env", description="Where credentials are kept.")
    secrets_file: Path | None = Field(None, description="The encrypted file of credentials.")
    secrets_key_file: Path | None = Field(None, description="File with the key of the encrypted file, apart from it.")
    vault_url: str = Field("", description="Address of HashiCorp Vault.")
    vault_mount: str = Field("secret", description="Mount of Vault's key-value engine, version 2.")
    vault_path: str = Field("baton", description="Folder of our credentials below the mount.")
    vault_namespace: str = Field("", description="Vault's namespace, where it has several.")
    vault_token_file: Path | None = Field(None, description="File with a token; read at each use.")
    vault_role_id: str = Field("", description="Id of an AppRole, in place of a token.")
    vault_secret_id_file: Path | None = Field(None, description="File with the AppRole's secret id.")
    vault_ca_file: Path | None = Field(None, description="The certificate authority that Vault's certificate is from.")
    codec_key_file: Path | None = Field(None, description="File with the key that encrypts Temporal payloads.")
    evidence_url: str = Field("", description="Where evidence is kept, as s3://bucket/prefix; empty: the data folder.")
    evidence_key_file: Path | None = Field(None, description="File with the keys that encrypt evidence.")
    keys_end: str = Field("", description="Days on which keys end, as BATON_CODEC_KEY_FILE=2027-01-31, ...")
    evidence_days: int = Field(90, ge=1, description="Days that masked pictures, texts and exchanges are kept.")
    evidence_personal_days: int = Field(30, ge=1, description="Days that traces and what was masked are kept.")
    told_days: int = Field(90, ge=1, description="Days that people keep what they were told.")
    mail_days: int = Field(365, ge=1, description="Days that customers' mails are kept once their case has ended.")
    loop_days: int = Field(30, ge=1, le=365, description="Days in which the same trouble of a customer is a loop.")
    bulk_four_eyes_above: int = Field(500, ge=0, description="Bulk actions on more things wait for approval.")
    bulk_answer_minutes: int = Field(15, ge=1, description="Minutes until a request nobody answers may be released.")
    extensions: str = Field("", description="Folders of bots outside this tree, parted as PATH is.")
    browser: str = Field("", description="The bots' browser, a path; empty: the first that is found.")
    build: str = Field("", pattern=r"^[\w.+-]{0,80}$", description="This build's name; empty: worker takes all work.")
    seats: int = Field(4, ge=1, le=8, description="Bot seats a system in this bot process.")
    demo: bool = Field(False, description="The demo legacy systems and demo users are there.")
    log_format: str = Field("text", description="text or json.")
    log_level: str = Field("INFO", description="Lowest level that is written.")
    lease_seconds: float = Field(30, gt=0, description="How long a holder keeps an item or account unrenewed.")
    settle_seconds: float = Field(0, ge=0, description="Settle window before an unknown is looked at; 0: the system's.")
    heartbeat_seconds: float = Field(10, gt=0, description="Silence after which a bot counts as lost.")
    probe_calm_seconds: float = Field(15, gt=0, description="A way nobody used for so long is probed.")
    probe_seconds: float = Field(60, gt=0, description="Pause before the first probe of a way that is down.")
    probe_longest_seconds: float = Field(900, gt=0, description="Longest pause between two probes of such a way.")
    sign_in_look_seconds: float = Field(300, ge=30, description="Pause between two looks whether a bot can sign in.")
    page_seconds: float = Field(30, gt=0, description="Outer deadline of one step on a screen.")


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
