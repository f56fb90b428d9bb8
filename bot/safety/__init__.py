"""Pure functions over text: what is a red flag, what must be refused, how a reply closes."""
