#!/bin/sh
# Says what tshark and tcptrace hold of a capture of whole packets.
set -eu
file=$1
tshark -r "$file" -q -z expert,warn -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE 2>/dev/null
bad=$(tshark -r "$file" -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE -o ip.check_checksum:TRUE \
	-Y 'tcp.checksum.status==0 || udp.checksum.status==0 || ip.checksum.status==0' 2>/dev/null | wc -l)
again=$(tshark -r "$file" -Y tcp.analysis.retransmission 2>/dev/null | wc -l)
segments=$(tshark -r "$file" -Y tcp 2>/dev/null | wc -l)
connections=$(tcptrace -n "$file" 2>/dev/null | grep -cE '^ *[0-9]+:' || true)
complete=$(tcptrace -n "$file" 2>/dev/null | grep -cE '^ *[0-9]+:.*\((complete|reset)\)' || true)
echo "bad checksums: $bad; retransmitted segments: $again of $segments; TCP connections that ended: $complete of $connections"
