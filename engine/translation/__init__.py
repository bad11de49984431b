"""The translate stage: what is requested, what the memory knows, and what engines are called with."""
