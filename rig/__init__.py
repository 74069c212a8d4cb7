"""The station: everything that touches hardware, or stands in for it.

Kept light on purpose: importing ``rig`` loads no instrument library, no pandas and no plotting.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("needle-rig")
except PackageNotFoundError:  # a source tree that was never installed
    __version__ = "0+unknown"
