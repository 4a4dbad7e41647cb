"""Light or dark by the reader's own choice, kept in a cookie: no database is asked to draw a page."""

THEME_COOKIE = "tocsin-theme"
THEMES = [("", "Like the system"), ("light", "Light"), ("dark", "Dark")]
