"""DOCX packages: units out, targets back in, nothing but the text changed."""
