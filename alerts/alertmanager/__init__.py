"""Alertmanager's API for those who read and silence. What they send goes to the door."""
