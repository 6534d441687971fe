"""What users meet: names in, names out; nothing here knows a table."""
