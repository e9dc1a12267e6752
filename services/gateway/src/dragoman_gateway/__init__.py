"""HTTP API, console, and the views they show."""
