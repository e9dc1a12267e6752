"""Documents: files that came in, with their versions and what became of them."""
