"""Rasa's custom actions: thin, slots and text in, blocks out. One module a subject, with the stems of data/rules."""
