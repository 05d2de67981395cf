"""What stands behind the ports; no adapter knows another."""
