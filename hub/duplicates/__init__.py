"""Members who may be one person: found without opening what is sealed, and put to people as a work list."""
