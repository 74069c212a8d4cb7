"""``python -m rig.twin``: serve a bench on the wire. What ``rig twin`` and a run on the twin both start."""

from __future__ import annotations

import argparse
import contextlib
import sys

from rig.errors import RigError


def main() -> int:
    """Parse the command line and serve; 3 when the world or product cannot be loaded."""
    parser = argparse.ArgumentParser(prog="python -m rig.twin", description=__doc__)
    parser.add_argument("--world", default="nominal")
    parser.add_argument("--product", default="office-pen")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--fault", action="append", default=[], metavar="ROLE.NAME@SECONDSs")
    parser.add_argument("--set-product", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--wall-clock", action="store_true")
    parser.add_argument("--until-stdin-closes", action="store_true")
    options = parser.parse_args()

    from rig.product import load_product
    from rig.twin.server import run
    from rig.twin.world import load_world

    try:
        world = load_world(options.world, options.overrides, options.fault)
        product = load_product(options.product, options.set_product)
    except RigError as error:
        print(error, file=sys.stderr)
        return 3
    with contextlib.suppress(KeyboardInterrupt):
        run(
            world,
            product,
            seed=options.seed,
            virtual=not options.wall_clock,
            until_stdin_closes=options.until_stdin_closes,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
