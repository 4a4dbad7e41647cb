"""`python -m tests.ui.fill`: fill the database that the environment names with the demo."""

import django

django.setup()

from tests.ui import demo  # noqa: E402  Django's apps must be ready first

if __name__ == "__main__":
    demo.Demo().fill()
