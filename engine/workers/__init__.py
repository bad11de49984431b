"""Units of work and the pools that do them: Ray actors, or this process."""
