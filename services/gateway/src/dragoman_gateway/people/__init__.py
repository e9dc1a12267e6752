"""People: users, their sessions and their tokens."""
