"""Use cases of classes, and of their objects."""

from dragoman_gateway.objects.desk.checking import checked_class
from dragoman_gateway.objects.desk.classes import ClassDesk, ClassEntry, SavedAnswer
from dragoman_gateway.objects.desk.creating import ObjectEntry
from dragoman_gateway.objects.desk.objects import ObjectDesk, ShownObject

__all__ = [
    "ClassDesk",
    "ClassEntry",
    "ObjectDesk",
    "ObjectEntry",
    "SavedAnswer",
    "ShownObject",
    "checked_class",
]
