"""Glossaries, their terms, files of them, and what a changed term touches."""
