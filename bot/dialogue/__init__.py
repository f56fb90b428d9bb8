"""Everything that runs inside Rasa: its components, its channel, its tracker store, and how it is started."""
