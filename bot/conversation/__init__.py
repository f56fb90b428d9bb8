"""What gateway, desk and actions share: messages, the turn, what is stored of them, privacy."""
