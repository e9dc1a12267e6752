"""A person's own account: their password and their open sessions."""
