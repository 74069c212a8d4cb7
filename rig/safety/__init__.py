"""Between procedures and drivers: what stops, slows or refuses a motion, whoever asked for it."""
