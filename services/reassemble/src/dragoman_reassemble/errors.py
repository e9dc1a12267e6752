"""Errors of reassemble. What the formats refuse comes from `dragoman_documents`, codes `document.…`, unchanged."""
