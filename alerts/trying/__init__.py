"""Mappings as people work on them: tried on one message and on many, which writes nothing; and all of it by the API."""
