"""What sources share: reading what is in a message, whatever its shape, and knowing who sent it. Asks no database."""
