"""Document identity, preflight, reconciler and maintenance."""
