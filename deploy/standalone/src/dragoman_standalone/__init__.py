"""The dragoman command, and the whole platform in one process."""
