"""Opsgenie's API for clients that only change the host name: what they read. What they send goes to the door."""
