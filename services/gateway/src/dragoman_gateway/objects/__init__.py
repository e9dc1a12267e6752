"""Classes of objects, and their objects."""
