"""The stages of a build, one file each: tables in, tables out."""
