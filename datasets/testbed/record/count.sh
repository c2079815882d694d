#!/bin/sh
# Writes a table of counts by tshark: key, value.
set -eu
file=$1
count() { tshark -r "$file" -Y "$2" 2>/dev/null | wc -l | xargs printf '%s\t%s\n' "$1"; }
flows() { tshark -r "$file" -Y "tcp.dstport==$2 && tcp.flags.syn==1 && tcp.flags.ack==0" -T fields -e tcp.stream 2>/dev/null | sort -u | wc -l | xargs printf '%s\t%s\n' "$1"; }
count packets frame
tshark -r "$file" -T fields -e frame.len 2>/dev/null | awk '{s+=$1} END {printf "bytes\t%d\n", s}'
count ipv4 ip
count ipv6 ipv6
count arp arp
count tcp tcp
count udp udp
count http.packets 'tcp.port==80'
flows http.connections 80
count smtp.packets 'tcp.port==25'
flows smtp.connections 25
count dns.packets 'udp.port==53 || tcp.port==53'
flows dns.connections 53
count dns.exchanges 'udp.srcport==53'
count snmp.packets 'udp.port==161'
count snmp.exchanges 'udp.srcport==161'
