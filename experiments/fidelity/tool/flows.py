"""Prints the flows of a capture as nfstream sees them, a line of JSON each."""
import json
import sys

import nfstream


def main():
    flows = nfstream.NFStreamer(
        source=sys.argv[1],
        statistical_analysis=True,
        n_meters=1,
        idle_timeout=7440,  # an established TCP connection may be silent for two hours
        active_timeout=1 << 30,  # no flow is cut because it is long
    )
    for flow in flows:
        of = dict(zip(flow.keys(), flow.values()))
        features = {
            name: value
            for name, value in of.items()
            if name.startswith(("bidirectional_", "src2dst_", "dst2src_")) and "_seen_" not in name
        }
        print(json.dumps({"application": of["application_name"], "features": features}))


if __name__ == "__main__":
    main()
