"""How Django writes moments by itself, in the admin for example."""
