"""Jobs: shown, followed and acted on."""
