"""Integrations: entry points with their keys and routes, made and changed by people."""
