"""The page in the browser: for operators, for engineers, and for the line's own computer.

The page is only a window. A run is a pytest run in a process of its own, begun from here or from a command
line; what the page knows of it is what the record and the run's live feed say. So closing the browser,
restarting this process or losing the network changes nothing about any run.
"""
