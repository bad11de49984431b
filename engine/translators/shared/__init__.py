"""What several translators share."""
