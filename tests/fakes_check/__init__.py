"""The fakes, held to what the real client libraries and our own checks of signatures expect of the real providers."""
