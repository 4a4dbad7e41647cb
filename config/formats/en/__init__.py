"""English, whichever."""
