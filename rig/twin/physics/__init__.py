"""The mechanics of the simulated bench: motion, strokes, contact, forces."""
