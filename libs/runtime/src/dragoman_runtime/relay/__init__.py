"""The relay: publishes the log's events, and the work they make owed."""

from dragoman_runtime.relay.relay import Relay, deliveries

__all__ = ["Relay", "deliveries"]
