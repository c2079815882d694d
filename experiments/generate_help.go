package main

// generateHelp is what generate --help says, and generateExamples its examples.
const (
	generateHelp = `Draws flows from a saved run, or from several at once, each at the rate that it had where it was
learnt, and writes them as captures and tables in one pass, or sends them out of a network interface.
It ends at the first of --flows, --packets and --duration.

The ending of --out's name tells what is written: .pcap (nanoseconds) or .pcapng, with .gz or .zst
behind it compressed; .parquet, .arrow or .csv a table of the same packets; .flows.parquet or .flows.csv
a row for each flow, which big.pcap has beside it in any case; .log the flows as Zeek's conn.log, .ipfix
as IPFIX. --out can be given several times. When writing ends early - a full disk, an interruption - what was written is a valid capture.

--follow generates when the original did: its flows start then, between hosts that stand for the
original's, and have as many packets and bytes (without flows: packets are sent then, by these
devices), and everything else is generated. --flows-from takes starts and sizes from a table, as
--level aggregate and NeCSTGen's scripts write them.

--merge puts a capture of your own, such as an attack, among the packets, from --at on: its servers
become those of the run, its clients new hosts of the same ranges (--keep-addresses leaves them), and
the tables of flows name its file as their origin. Payloads stay as they are.

--shards cuts what is drawn into files of one span of time each, big-03-of-16.pcap for big.pcap. They
have the starts and hosts of one capture, are valid each by itself, and stand in time order one behind
the other (mergecap -a). --shard draws some of them, here or elsewhere; the same command goes on where
it was interrupted, and --executor slurm has a cluster draw them. A shard draws the last flows of the
one before it, too, as far back as flows last: it should be several times as long.

--level packet writes packets drawn each by itself, from labels: those observed in training, those of
the Markov chain, or a file's (whole numbers). --level aggregate writes the flows' packets and starts
alone. --necstgen writes the files that NeCSTGen publishes, with their names and columns.

--from takes packets that were generated before, NeCSTGen's output files or those of --necstgen, and
makes valid connections of them between hosts of documentation addresses, at the application's port.
Their flows start where --starts says, or one after the other; it says what had to be mended.`
	generateExamples = `  go run ./experiments generate quickstart --flows 100000 --out big.pcap
  go run ./experiments generate quickstart smtp dns --duration 1h \
      --rate-factor 2 --out hour.pcapng.zst --out hour.parquet
  go run ./experiments generate quickstart --packets 1M --out - | tshark -r -
  go run ./experiments generate quickstart --flows 5000 --out conn.log \
      --out flows.ipfix
  go run ./experiments generate quickstart --duration 10m \
      --interface veth0 --speed 2
  go run ./experiments generate quickstart --follow +5m..+10m \
      --out followed.pcap
  go run ./experiments generate quickstart --flows-from flows.csv --out fed.pcap
  go run ./experiments generate quickstart --duration 1h --merge attack.pcap \
      --at +20m --out labelled.pcap
  go run ./experiments generate quickstart --flows 10M --out big.pcap \
      --shards 16 --jobs 4
  go run ./experiments generate quickstart --flows 10M --out big.pcap \
      --shards 16 --executor slurm --slurm partition=cpu --dry-run
  go run ./experiments generate quickstart --level packet --labels chain \
      --packets 1000 --out packets.csv
  go run ./experiments generate quickstart --flows 1000 --necstgen output
  go run ./experiments generate \
      --from DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv \
      --starts DF_GEN_FLOW_HTTP_FINAL.csv --out http.pcap`
)
