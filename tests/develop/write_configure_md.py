"""Write `docs/operate/configure.md` from the settings classes:
`python tests/develop/write_configure_md.py`.
"""

import importlib
import importlib.util
import pkgutil
from pathlib import Path

from dragoman_runtime.settings import Settings, settings_reference

DOCUMENT = Path(__file__).parents[2] / "docs" / "operate" / "configure.md"

_HEAD = """\
# Configure

<!-- Written by `python tests/develop/write_configure_md.py` from the settings classes; change those. -->

Dragoman is configured by environment variables. Each service reads those of its own class once, when it starts; a
missing or wrong value stops the start and the message names the variable. An empty variable counts as not set. Values
of secrets are never logged. The value of a secret can stand in a file, which the variable with `_FILE` behind its name
names: `DRAGOMAN_SIGNING_KEY_FILE=/run/secrets/signing_key`.

"""


def settings_classes() -> list[type[Settings]]:
    """The settings classes of every Dragoman package that is installed,
    from its module `settings`.
    """
    packages = sorted(
        found.name for found in pkgutil.iter_modules() if found.name.partition("_")[0] == "dragoman"
    )
    names = [f"{package}.settings" for package in packages]
    modules = [
        importlib.import_module(name)
        for name in names
        if importlib.util.find_spec(name) is not None
    ]
    members: list[tuple[str, object]] = [
        (module.__name__, value) for module in modules for value in vars(module).values()
    ]
    return [
        value
        for module, value in members
        if isinstance(value, type)
        and issubclass(value, Settings)
        and value.__module__ == module
        and value is not Settings
    ]


def configure_md() -> str:
    """The whole document as the classes say it should be."""
    return _HEAD + settings_reference(settings_classes())


if __name__ == "__main__":
    DOCUMENT.write_text(configure_md(), encoding="utf-8")
