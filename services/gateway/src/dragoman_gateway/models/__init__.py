"""Providers of models, their models, and the playground."""
