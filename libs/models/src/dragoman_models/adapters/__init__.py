"""The adapters of the ports: one module for each API."""
