"""DOCX into units, segments and anchors."""
