"""Webhooks: addresses that are told, signed, when a job ends or needs people."""
