"""Makes a picture file of a Vega-Lite specification. Run by `dualnet.files.convert` as a process of its
own, so it imports nothing of `dualnet`, and the 90 MB that vl_convert takes are gone with it.

Standard input: one JSON object with "kind", "svg" or "png", and either "spec", a Vega-Lite
specification, or "svg", a picture. Standard output: the file.
"""

import json
import os
import re
import sys

SCALE = 2  # of a PNG, so that it stays sharp on a projector


def converted(order):
    """Return the file, bytes, that an ``order`` as above asks for."""
    import vl_convert

    if "svg" in order:
        return vl_convert.svg_to_png(order["svg"], scale=SCALE)
    spec = order["spec"]
    [version] = re.findall(r"/v(\d+\.\d+)[^/]*$", spec["$schema"])
    if order["kind"] == "svg":
        return vl_convert.vegalite_to_svg(spec, version).encode()
    return vl_convert.vegalite_to_png(spec, version, scale=SCALE)


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(5)  # pages come first
    sys.stdout.buffer.write(converted(json.load(sys.stdin.buffer)))
