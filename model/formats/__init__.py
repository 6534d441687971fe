"""Readers and writers of network files, one file a format."""
