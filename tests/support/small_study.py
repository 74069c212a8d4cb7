"""A study small enough for a test."""

SMALL = """
name = "small"
title = "Depth, slow and fast"
responses = ["extension", "rate"]

[factors.depth]
sets = "setting.depth_mm"
levels = [0.5, 2.0]

[factors.rate]
sets = "setting.rate_per_min"
levels = [5000, 9000]
"""
