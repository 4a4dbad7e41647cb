"""Mail in: the SMTP listener, and what mail providers post."""
