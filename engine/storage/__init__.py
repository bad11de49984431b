"""Files and folders on disks and object stores, written whole or not at all."""
