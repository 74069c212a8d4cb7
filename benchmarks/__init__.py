"""How fast the rig is, as ratios that one run of a benchmark can show. Not tests: nothing here fails."""
