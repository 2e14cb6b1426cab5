"""Prompts are files, one per version: `<package>/prompts/<name>-v<N>.md`, never edited once they have been used.

Each begins with a TOML header between two lines of +++ :

    +++
    id = "triage.recommend"
    version = 1
    purpose = "Weigh the recorded facts of a payment that raised an alert."
    changed = "First version."
    +++
"""

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, ConfigDict, Field, ValidationError

FENCE = "+++"


class Header(BaseModel):
    """What a prompt file says of itself. `changed` is what is different from the version before."""

    model_config = ConfigDict(extra="forbid", strict=True)

    id: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=60)
    version: int = Field(ge=1, le=9_999)
    purpose: str = Field(min_length=1)
    changed: str = Field(min_length=1)


@dataclass(frozen=True)
class Prompt:
    """One version of what we ask. `sha256` is over the file's exact bytes, header included."""

    id: str
    version: int
    purpose: str
    changed: str
    text: str
    sha256: str

    @property
    def label(self) -> str:
        """As it is stored with an answer: triage.recommend-v1."""
        return f"{self.id}-v{self.version}"


@cache
def load(package: str, name: str) -> Prompt:
    """The prompt in `package`/prompts/`name`.md, such as load("triage", "recommend-v1"). Read once per process.

    Raises:
        ImproperlyConfigured: there is no such file, or its header is not what it should be.
    """
    where = f"{package}/prompts/{name}.md"
    try:
        content = files(package).joinpath("prompts", f"{name}.md").read_bytes()
    except (OSError, ModuleNotFoundError) as error:
        raise ImproperlyConfigured(f"There is no prompt {where}.") from error
    header, text = _parts(content, where)
    expected = f"{package.rpartition('.')[2]}.{name}"
    if f"{header.id}-v{header.version}" != expected:
        raise ImproperlyConfigured(f"{where} says that it is {header.id}-v{header.version}; it must be {expected}.")
    return Prompt(**header.model_dump(), text=text, sha256=hashlib.sha256(content).hexdigest())


def _parts(content: bytes, where: str) -> tuple[Header, str]:
    try:
        opening, head, text = content.decode().split(f"{FENCE}\n", 2)
    except UnicodeDecodeError as error:
        raise ImproperlyConfigured(f"{where} is not UTF-8.") from error
    except ValueError as error:
        raise ImproperlyConfigured(f"{where} must begin with a header between two lines of {FENCE}.") from error
    if opening:
        raise ImproperlyConfigured(f"{where} must begin with a line of {FENCE}.")
    if not text.strip():
        raise ImproperlyConfigured(f"{where} has a header and no text.")
    try:
        return Header.model_validate(tomllib.loads(head)), text.strip()
    except tomllib.TOMLDecodeError as error:
        raise ImproperlyConfigured(f"The header of {where} is not TOML: {error}.") from error
    except ValidationError as error:
        wrong = "; ".join(f"{issue['loc'][0]}: {issue['msg']}" for issue in error.errors())
        raise ImproperlyConfigured(f"The header of {where} is wrong: {wrong}.") from error
