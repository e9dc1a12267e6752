"""Use cases of translation memories."""

from dragoman_gateway.memories.desk.candidates import Candidates
from dragoman_gateway.memories.desk.memory_desk import MemoryDesk, memory_desk
from dragoman_gateway.memories.desk.shelf import Shelf, Shelved
from dragoman_gateway.memories.desk.units import Preview, UnitDesk

__all__ = ["Candidates", "MemoryDesk", "Preview", "Shelf", "Shelved", "UnitDesk", "memory_desk"]
