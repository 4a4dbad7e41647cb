"""The managers' admin as a whole: its site, its look, what stands where, and its first page."""
