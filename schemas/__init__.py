"""What the data is: languages, samples, records, keys and the project's errors. Imports nothing of ours."""
