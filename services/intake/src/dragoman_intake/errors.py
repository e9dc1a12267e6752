"""Errors of intake: none of its own.
A document that cannot be taken is a finding in the report, with its cure.
"""
