"""What a dataset consists of: shards, manifests, its card, and what decided their content."""
