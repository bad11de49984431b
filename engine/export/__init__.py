"""A dataset's rows as files that trainers read, one module a format."""
