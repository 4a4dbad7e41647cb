"""Everything behind `manage.py up`: embedded servers and the supervisor. Imports no Django."""
