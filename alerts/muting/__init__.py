"""Silences, maintenance windows and inhibition rules: what mutes now, and what happens when that ends."""
