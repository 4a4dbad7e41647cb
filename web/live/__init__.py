"""Live updates: who changed something tells, web processes listen, browsers refetch."""
