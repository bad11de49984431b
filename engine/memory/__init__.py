"""The translation memory and the score store: what was measured or translated once, by content key."""
