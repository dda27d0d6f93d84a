"""Random histories played into a real server, random questions, and the reference's answers beside the engine's."""
