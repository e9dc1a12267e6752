"""Use cases of glossaries: entries and terms, files, the past that a term touches, candidates."""

from dragoman_gateway.terms.desk.affected import AffectedDesk, Reruns
from dragoman_gateway.terms.desk.candidates import CandidateDesk
from dragoman_gateway.terms.desk.glossaries import GlossaryDesk, Imported

__all__ = ["AffectedDesk", "CandidateDesk", "GlossaryDesk", "Imported", "Reruns"]
