"""From the inbox to incidents: batches of messages are understood, followed, muted, grouped and attached."""
