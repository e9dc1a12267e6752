"""Plans batches, renders prompts, calls engines, checks replies."""
