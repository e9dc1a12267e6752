"""The document of the settings says what the classes say."""

from develop.write_configure_md import DOCUMENT, configure_md, settings_classes
from dragoman_runtime.settings import variable


def test_the_document_of_the_settings_is_the_one_written_from_the_classes() -> None:
    cure = "run: python tests/develop/write_configure_md.py"
    is_current = DOCUMENT.read_text(encoding="utf-8") == configure_md()
    assert is_current, cure


def test_every_setting_is_described() -> None:
    undescribed = [
        f"{cls.__name__}.{name}"
        for cls in settings_classes()
        for name, field in cls.model_fields.items()
        if not (field.description or "").endswith(".")
    ]
    assert undescribed == []


def test_every_variable_means_one_thing_in_all_services() -> None:
    meanings: dict[str, set[tuple[str, str]]] = {}
    for cls in settings_classes():
        for name, field in cls.model_fields.items():
            meanings.setdefault(variable(name), set()).add(
                (str(field.annotation), field.description or "")
            )
    assert {name: found for name, found in meanings.items() if len(found) > 1} == {}


def test_every_settings_class_is_frozen_and_ends_in_settings() -> None:
    for cls in settings_classes():
        assert cls.model_config.get("frozen") is True
        assert cls.__name__.endswith("Settings")
