"""What each command does, above everything that it needs; `glotmill.engine.cli` reads options and prints."""
