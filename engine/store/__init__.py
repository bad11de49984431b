"""What is kept on disk: the translation memory, units of work, shards, and how a build is committed."""
