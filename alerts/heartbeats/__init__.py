"""Heartbeats: signs of life that are expected, and what is told when one stays away."""
