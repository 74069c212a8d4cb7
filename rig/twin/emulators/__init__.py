"""One emulator per instrument: its manual's messages on one side, the simulated bench on the other."""
