"""The only public door: the HTTP contract, limits, problems, and the client to Rasa."""
