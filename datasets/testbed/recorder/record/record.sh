#!/bin/sh
# Records an embedded capture again: ./record.sh [LOAD [DURATION [SEED [FOLDER]]]], as root on Debian 12, in some ten minutes. LOAD is office
# or services; FOLDER is where the capture and its table of counts go, datasets/testbed if left out.
# The servers are started by the recorder itself in namespaces of their own; none is started by the system.
set -eu
load=${1:-office} duration=${2:-8m10s} seed=${3:-1}
here=$(cd "$(dirname "$0")" && pwd)
out=${4:-$here/../..}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# 1. What it needs. policy-rc.d keeps the packages from starting their services; it is put back as it was.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
	trap 'rm -rf "$scratch" "$policy"' EXIT
fi
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends \
	nginx-light exim4-daemon-light bind9 bind9-dnsutils snmpd snmp curl wget swaks msmtp python3 \
	vsftpd lftp openssh-server openssh-client inetutils-inetd inetutils-telnetd inetutils-telnet fingerd finger rdate \
	dovecot-imapd dovecot-pop3d mpop ngircd sic sip-tester chrony ntpsec-ntpdig bird2 iputils-ping openssl \
	ethtool iproute2 tcpdump tshark tcptrace zstd

# 2. The recording.
(cd "$here" && go build -o "$scratch/record" .)
"$scratch/record" -load "$load" -out "$scratch/full.pcap" -duration "$duration" -seed "$seed"

# 3. The checks, on whole packets: checksums, and how the connections ended.
"$here/check.sh" "$scratch/full.pcap"

# 4. What is shipped: 512 bytes a packet, in the order of time (two processors may stamp two packets the other way round, by some
# microseconds), and the counts that the test compares.
reordercap "$scratch/full.pcap" "$scratch/ordered.pcapng"
editcap -F pcap -s 512 "$scratch/ordered.pcapng" "$scratch/$load.pcap"
zstd -19 -q -f "$scratch/$load.pcap" -o "$out/$load.pcap.zst"
"$here/count.sh" "$scratch/$load.pcap" >"$out/$load.tsv"
ls -l "$out/$load.pcap.zst"
