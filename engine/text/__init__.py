"""Text between the record and the engine: what is translated, what never is, and how it comes back together."""
