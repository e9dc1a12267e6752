"""Event store, objects, bus, worker, relay and telemetry shared by the services."""
