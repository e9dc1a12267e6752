"""Technology behind the gateway's ports. The views have a room of their own."""
