"""Checkers, one module each, behind the port `DocumentChecker`."""
