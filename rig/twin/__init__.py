"""The digital twin: the truth of a simulated bench and pen, and emulators that speak for it on the wire.

Imports no driver and no estimator; whoever wants to know what it says must ask over a socket or a pty.
"""
