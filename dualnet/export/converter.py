"""Makes picture files of Vega-Lite specifications. `dualnet.app.serving.files` runs it as a process of its own, so it
imports nothing of `dualnet`, and the 90 MB that vl_convert takes are gone with it.

Standard input: a JSON object a line with "kind", "svg" or "png", and either "spec", a Vega-Lite
specification, or "svg", a picture. Standard output, for each: a byte that is 1 for a failure, eight
bytes with a length, and so many bytes of the file or of the reason. It ends with its input.
"""

import json
import os
import re
import struct
import sys

SCALE = 2  # of a PNG, so that it stays sharp on a projector
HEAD = struct.Struct(">?Q")


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


def serve(orders, answers):
    """Answer the lines of the binary file ``orders`` until it ends."""
    for line in orders:
        failed, file = False, b""
        try:
            file = converted(json.loads(line))
        except Exception as error:
            failed, file = True, f"{type(error).__name__}: {error}".encode()
        answers.write(HEAD.pack(failed, len(file)) + file)
        answers.flush()


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(5)  # pages come first
    serve(sys.stdin.buffer, sys.stdout.buffer)
