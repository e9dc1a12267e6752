"""Submissions: documents come in and become jobs."""
