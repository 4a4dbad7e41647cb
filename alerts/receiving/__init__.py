"""The door: raw messages, and signs of life, are committed before anybody reads them. Stands in front of Django."""
