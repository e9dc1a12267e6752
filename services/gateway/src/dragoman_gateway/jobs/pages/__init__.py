"""The console's pages of jobs."""
