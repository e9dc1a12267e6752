"""The bus: work items and events on their way, over RabbitMQ or inside one process."""

from dragoman_runtime.bus.inprocess import InProcessBus
from dragoman_runtime.bus.port import Delivery, EventPublisher, Receive, WorkReceiver, WorkSender

__all__ = ["Delivery", "EventPublisher", "InProcessBus", "Receive", "WorkReceiver", "WorkSender"]
