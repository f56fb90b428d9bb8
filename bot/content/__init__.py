"""The vetted texts: read, reviewed, stored, found."""
