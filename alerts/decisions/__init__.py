"""What an integration's settings decide of an alert: its service, its group, whether it flaps. Pure."""
