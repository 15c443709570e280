"""Finance: what the programme owes, what will never be asked for, and the close of a period. Reads the books."""
