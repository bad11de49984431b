"""What the makers of several derived tasks share."""
