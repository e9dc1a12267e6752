"""Segmentation, inline tag protocol and quality checks."""
