"""Index: memories made searchable."""
