"""Records of the published schema: composed, scored, judged and packed into shards."""
