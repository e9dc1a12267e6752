"""Errors of extract. Refusals by the formats come from `dragoman_documents`,
codes `document.…`, unchanged.
"""
