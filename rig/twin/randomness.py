"""Named noise sources: who draws, and how often, changes nobody else's numbers."""

from __future__ import annotations

import zlib

import numpy as np


def noise_source(seed: int, name: str) -> np.random.Generator:
    """Return the noise source of that name for a seed."""
    return np.random.Generator(np.random.PCG64([seed, zlib.crc32(name.encode())]))
