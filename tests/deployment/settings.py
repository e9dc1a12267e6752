"""Which settings a word of the command line reads, for checks of what deployments set."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman_extract.settings import ExtractSettings
from dragoman_gateway.settings import GatewaySettings
from dragoman_index.settings import IndexSettings
from dragoman_intake.settings import IntakeSettings
from dragoman_qa.settings import QaSettings
from dragoman_reassemble.settings import ReassembleSettings
from dragoman_runtime.secret_files import SUFFIX, is_secret
from dragoman_runtime.service import ServiceSettings
from dragoman_runtime.settings import PREFIX, BusSettings, Settings, variable
from dragoman_standalone.settings import PeopleSettings, StandaloneSettings, TogetherSettings
from dragoman_translate.settings import TranslateSettings


class _DoctorSettings(StandaloneSettings, BusSettings, PeopleSettings):
    """All that `dragoman doctor` looks at."""


_OF_SERVICES: Mapping[str, type[Settings]] = {
    "relay": ServiceSettings,
    "intake": IntakeSettings,
    "extract": ExtractSettings,
    "translate": TranslateSettings,
    "qa": QaSettings,
    "reassemble": ReassembleSettings,
    "index": IndexSettings,
    "gateway": GatewaySettings,
    "all": TogetherSettings,
}


def settings_of(command: list[str]) -> type[Settings]:
    """The class of a command line, `worker extract` for example.

    Raises:
        KeyError: there is none.
    """
    match command:
        case ["worker", name]:
            return _OF_SERVICES[name]
        case ["doctor"]:
            return _DoctorSettings
        case ["migrate"] | ["admin", "create"]:
            return PeopleSettings
        case _:
            raise KeyError(" ".join(command))


def unknown_variables(names: set[str], of: type[Settings]) -> set[str]:
    """Those of our variables that the class does not read, files of secrets included."""
    known = {variable(name) for name in of.model_fields}
    known |= {
        variable(name) + SUFFIX for name, field in of.model_fields.items() if is_secret(field)
    }
    return {name for name in names if name.startswith(PREFIX)} - known
