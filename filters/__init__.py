"""What is good: scorers that measure translations, and rules that decide on the stored scores alone."""
