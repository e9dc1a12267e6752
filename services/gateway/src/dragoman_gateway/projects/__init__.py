"""Projects, their language pairs, and the domain packs."""
