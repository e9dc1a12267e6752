"""Review: people look at translations, correct them, and say when they are done."""
