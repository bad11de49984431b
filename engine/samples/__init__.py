"""The English samples of a build: read, cleaned, derived, and given their languages and splits."""
