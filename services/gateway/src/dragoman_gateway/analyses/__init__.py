"""Documents counted and priced before a job is opened."""
