"""One job as people see it."""
