"""Requests to a person: how urgent, in which state, whose."""
