"""What the rig does to get a raw trace: approach, contact scan, strokes, squeeze, insertion, write-back.

A procedure drives instruments by their roles and returns what they said, as they said it. What it means
is for :mod:`calibration` to say.
"""
