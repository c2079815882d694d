#!/bin/sh
# Writes a table of what tshark counts in a capture: key, value. Services are told by their port; exchanges are datagrams from it.
set -eu
tshark -r "$1" -T fields -E occurrence=f -e frame.len -e frame.protocols -e tcp.srcport -e tcp.dstport -e tcp.flags -e tcp.stream \
	-e udp.srcport -e udp.dstport 2>/dev/null | awk -F '\t' '
BEGIN {
	n = split("ftp-data 20 ftp 21 ssh 22 telnet 23 smtp 25 time 37 dns 53 finger 79 http 80 pop 110 ntp 123 imap 143 snmp 161 tls 443 rip 520 lorawan 1700 sip 5060 irc 6667", list, " ")
	for (i = 1; i < n; i += 2) name[list[i + 1]] = list[i]
}
{
	count["packets"]++; count["bytes"] += $1
	split($2, layer, ":")
	if (layer[2] == "llc") count["llc"]++
	else if (layer[3] == "ip") count["ipv4"]++
	else if (layer[3] == "ipv6") count["ipv6"]++
	else if (layer[3] == "arp") count["arp"]++
	if ($2 ~ /icmp/) { count["icmp"]++; next }
	if ($3 != "") {
		count["tcp"]++
		service = ($4 in name) ? name[$4] : ($3 in name) ? name[$3] : ""
		if (service != "") {
			count[service ".packets"]++
			if (substr($5, length($5) - 1) == "02" && !(($6) in opened)) { opened[$6]; count[service ".connections"]++ }
		}
	}
	if ($7 != "") {
		count["udp"]++
		service = ($8 in name) ? name[$8] : ($7 in name) ? name[$7] : ""
		if (service != "") count[service ".packets"]++
		if ($7 in name) count[name[$7] ".exchanges"]++
	}
}
END { for (key in count) print key "\t" count[key] }' | sort
