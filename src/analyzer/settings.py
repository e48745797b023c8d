"""Everything an operator may set, each with a default and the reason for it.

Values come from keyword arguments, else from environment variables with the prefix `ANALYZER_`, else from the
defaults here. The table in the README is made of these fields.
"""

import os
import re
import tempfile
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

MIB = 1024 * 1024

JailBackend = Literal["own", "bubblewrap"]

ORIGIN = re.compile(r"https?://[^/?#@\s]+", re.IGNORECASE)


def _cores() -> int:
    """The cores this process may use, which in a container are fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Settings(BaseSettings):
    """The settings of one analyzer. Frozen: what runs with a setting can rely on it."""

    model_config = SettingsConfigDict(env_prefix="ANALYZER_", frozen=True, extra="forbid", populate_by_name=True)

    host: str = Field("127.0.0.1", description="The address to listen on. This machine only, until you say otherwise.")
    port: int = Field(8000, ge=0, le=65535, description="The port to listen on. 0 takes a free one.")
    allowed_hosts: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        None,
        description="Names this server answers for, separated by commas; `*` for any. By default the bound host and "
        "the names of this machine's loopback; when embedded in another app, which checks for itself, any.",
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="Origins whose pages may use this server from a browser, such as `https://app.example`, separated "
        "by commas; `*` for any. By default none but its own.",
    )
    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("analyzer"),
        description="Where uploads and results are kept. By default a folder under the user's data directory, so "
        "that a restart finds them again. One server per folder.",
    )
    workers: int = Field(
        default_factory=_cores,
        ge=1,
        le=1024,
        description="Worker processes. By default one for each core: the work is computing, so more would only wait.",
    )
    max_concurrent_tasks: int = Field(
        10,
        ge=1,
        validation_alias=AliasChoices("max_concurrent_tasks", "ANALYZER_MAX_CONCURRENT_TASKS", "MAX_CONCURRENT_TASKS"),
        description="Runs under way at once; their parts share the workers. Ten keep a small run from waiting behind "
        "a few large ones. The plain name `MAX_CONCURRENT_TASKS` works too.",
    )
    max_concurrent_tasks_each: int | None = Field(
        None,
        ge=1,
        description="Of these, how many may be one user's. By default all, as long as nobody else waits: then each "
        "has a fair share anyway.",
    )
    max_queued_tasks: int = Field(
        100,
        ge=0,
        validation_alias=AliasChoices("max_queued_tasks", "ANALYZER_MAX_QUEUED_TASKS", "MAX_QUEUED_TASKS"),
        description="Runs that may wait for their turn. Above it, 429: a longer queue only hides the wait. The plain "
        "name `MAX_QUEUED_TASKS` works too.",
    )
    max_queued_tasks_each: int | None = Field(
        None, ge=1, description="Of these, how many may be one user's. By default all."
    )
    max_queued_uploads: int = Field(
        100, ge=0, description="Uploads that may wait to be read while all workers are busy. Above it, 429."
    )
    ttl_seconds: int = Field(
        3600,
        ge=0,
        description="Datasets and results older than this go. An hour, for what people leave behind; 0 keeps all.",
    )
    task_timeout_seconds: float = Field(
        600, gt=0, description="How long one run may take from its start. Ten minutes is far beyond any sensible table."
    )
    task_cpu_seconds: float = Field(
        1200,
        gt=0,
        description="Processor time that one run may use, all its parts together. Twenty minutes: two cores for as "
        "long as a run may last.",
    )
    run_attempts: int = Field(
        3,
        ge=1,
        description="How often a run is begun when the server dies under it, before it ends as interrupted; with 1, "
        "runs under way end with the server. Code is never run twice.",
    )
    task_memory_bytes: int = Field(
        2048 * MIB,
        ge=64 * MIB,
        description="Memory of its own that one worker may take, mapped tables not counted. 2 GiB fit four workers "
        "on a small server.",
    )
    max_upload_bytes: int = Field(
        2048 * MIB, ge=1, description="The largest file taken. 2 GiB: more than people send through a browser."
    )
    max_result_bytes: int = Field(
        64 * MIB, ge=1, description="The largest result kept. A result is held in memory while it is made."
    )
    shared_sections_bytes: int = Field(
        64 * MIB,
        ge=0,
        description="Figures kept in memory for other analyses of the same dataset. 64 MiB hold those of some ten "
        "thousand columns; 0 keeps none.",
    )
    shared_results_bytes: int = Field(
        64 * MIB,
        ge=0,
        description="Results kept in memory, with what their runs said, for who asks the same again. 0 keeps none.",
    )
    shared_results_seconds: float = Field(
        600, ge=0, description="How long they are kept. Ten minutes: a page that is opened again, a retry."
    )
    jail_backend: JailBackend = Field(
        "own",
        description="What makes the jail's namespaces: `own` calls, or `bubblewrap`, which must be installed. It is "
        "slower to start; nothing else is different.",
    )
    jail_min_level: int = Field(
        2,
        ge=0,
        le=3,
        description="The least that the jail must reach for foreign code to be run: 3 with namespaces, 2 without. "
        "Below 2 there is no wall worth the name.",
    )
    jail_standbys: int = Field(
        1,
        ge=0,
        le=64,
        description="Jails that stand ready for the next code. Each saves a run some 20 ms and holds about 20 MB; "
        "with 0 the jail is only woken by the first code.",
    )
    jail_timeout_seconds: float = Field(
        60, gt=0, description="How long code may run. A minute: who waits longer has given up."
    )
    jail_cpu_seconds: int = Field(60, ge=1, description="Processor time that code may use, all its threads together.")
    jail_memory_bytes: int = Field(
        1024 * MIB,
        ge=64 * MIB,
        description="Memory that code may use. 1 GiB: a table of some million rows, and what is made of it.",
    )
    jail_result_bytes: int = Field(
        8 * MIB, ge=1024, le=64 * MIB, description="The largest result of code, as JSON. A table shows 1,000 rows."
    )
    jail_table_bytes: int = Field(
        256 * MIB, ge=1024, description="The largest table that code may leave as a dataset (`save_as`)."
    )
    llm: str | None = Field(
        None,
        description="Which model is asked: `gemini`, `google`, `openai` (any server that speaks its API), `scripted` "
        "(a demonstration without a model), `none`, or one that a package brings. By default the one whose key is set.",
    )
    llm_model: str | None = Field(None, description="The name of the model. By default a small one of the provider.")
    llm_endpoint: str | None = Field(
        None,
        description="Where the model is: `host:port` for `gemini`, a base URL for `google` and `openai` (Ollama: "
        "`http://localhost:11434/v1`), a file of replies for `scripted`. By default the provider's own.",
    )
    llm_streaming: bool = Field(True, description="Take replies as they are written. Off for proxies that break that.")
    llm_max_calls: int = Field(8, ge=1, description="Calls to the model at once; the others wait.")
    llm_silence_seconds: float = Field(
        60, gt=0, description="How long the model may say nothing. Those that think say nothing for half a minute."
    )
    llm_timeout_seconds: float = Field(180, gt=0, description="How long one reply of the model may take.")
    llm_prices: dict[str, tuple[float, float]] = Field(
        {},
        description='What a million tokens cost, in and out, by model, as JSON: `{"gemini-2.5-flash": [0.3, 2.5]}`. '
        "In whatever currency the cost budgets are.",
    )
    gemini_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("gemini_api_key", "ANALYZER_GEMINI_API_KEY", "GEMINI_API_KEY", "GOOGLE_API_KEY"),
        description="The key for `gemini` and `google`. The plain names `GEMINI_API_KEY`, `GOOGLE_API_KEY` work too.",
    )
    openai_api_key: SecretStr | None = Field(
        None,
        validation_alias=AliasChoices("openai_api_key", "ANALYZER_OPENAI_API_KEY", "OPENAI_API_KEY"),
        description="The key for `openai`. The plain name `OPENAI_API_KEY` works too.",
    )
    ask_min_group: int = Field(
        10, ge=1, description="A value of a column is told to the model only if at least so many rows have it."
    )
    ask_run_tokens: int | None = Field(
        100_000, ge=1, description="Tokens that one question may use, in and out, repairs included."
    )
    ask_principal_tokens: int | None = Field(
        1_000_000, ge=1, description="Tokens that one principal may use in a day (UTC)."
    )
    ask_day_tokens: int | None = Field(
        None, ge=1, description="Tokens that all may use in a day together. By default no limit."
    )
    ask_run_cost: float | None = Field(None, gt=0, description="What one question may cost. By default no limit.")
    ask_principal_cost: float | None = Field(
        None, gt=0, description="What the questions of one principal may cost in a day. By default no limit."
    )
    ask_day_cost: float | None = Field(
        None, gt=0, description="What the questions of all may cost in a day. By default no limit."
    )
    jail_session_idle_seconds: float = Field(
        600, gt=0, description="How long a session of code waits for its next run. Ten minutes: a call, or a coffee."
    )
    jail_max_sessions_per_principal: int = Field(
        4, ge=1, description="Sessions of code that one principal may keep. A new one takes the place of the oldest."
    )
    jail_max_sessions: int = Field(
        16, ge=0, description="Sessions of code kept in all. Each is a process, and holds what its variables hold."
    )
    stream_heartbeat_seconds: float = Field(
        15,
        gt=0,
        description="An event stream is never silent for longer. Some proxies give up after 30 s.",
    )
    stream_stall_seconds: float = Field(
        30,
        gt=0,
        description="A stream whose reader takes nothing for so long, or stays too far behind for so long, is closed. "
        "The reader comes back and misses nothing.",
    )
    stream_max_behind_bytes: int = Field(
        MIB, ge=1, description="How far behind is too far: 1 MiB are some thousand events."
    )
    shutdown_grace_seconds: float = Field(
        10,
        ge=0,
        description="How long running work may go on after the signal to stop. Service managers wait about 30.",
    )
    log_format: Literal["text", "json"] = Field("text", description="`text` for people, `json` for log collectors.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least that is logged.")

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            if origin != "*" and not ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is no origin: those look like https://app.example or http://localhost:3000"
                )
        return tuple(origin.lower() for origin in value)

    @field_validator("allowed_hosts", "cors_origins", mode="before")
    @classmethod
    def _split_names(cls, value: object) -> object:
        return tuple(name.strip() for name in value.split(",") if name.strip()) if isinstance(value, str) else value

    @field_validator("data_dir")
    @classmethod
    def _spell_out(cls, value: Path) -> Path:
        """Workers have another idea of here, and shells are not always there to say where home is."""
        return value.expanduser().absolute()

    @field_validator("llm", "llm_model", "llm_endpoint", "gemini_api_key", "openai_api_key", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        """Compose files and shells set variables to nothing where they mean none."""
        return None if value == "" else value

    @property
    def hosts_to_answer_for(self) -> tuple[str, ...]:
        """The names a server of its own answers for: those that were set, else the bound host and the loopback's."""
        bound = f"[{self.host}]" if ":" in self.host else self.host
        return self.allowed_hosts or (bound, "localhost", "127.0.0.1", "[::1]")


def temporary_data_dir() -> "tempfile.TemporaryDirectory[str]":
    """A data folder for an analyzer that need not remember anything: a command, a script, a test."""
    return tempfile.TemporaryDirectory(prefix="analyzer-", ignore_cleanup_errors=True)
