"""Features of texts that several scorers measure by."""
