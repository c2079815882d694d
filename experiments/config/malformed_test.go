package config

import (
	"slices"
	"strings"
	"testing"
)

// Whatever is wrong in a file, the message names file, line and column, the key, its
// value, and what would be right. Of broken TOML the first mistake is named, of anything
// else all.
func TestMalformed(t *testing.T) {
	for _, test := range malformed {
		t.Run(test.name, func(t *testing.T) {
			_, err := read(t, test.in)
			if err == nil || err.Error() != test.want {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

// At least fifty mistakes are shown with their messages, no two alike, and each names the
// file's line and column.
func TestMalformedRows(t *testing.T) {
	var ins []string
	for _, test := range malformed {
		if !strings.HasPrefix(test.want, "e.toml:") || slices.Contains(ins, test.in) {
			t.Errorf("%s: %q has no place, or is there twice", test.name, test.want)
		}
		ins = append(ins, test.in)
	}
	if len(ins) < 50 {
		t.Errorf("%d mistakes, want at least 50", len(ins))
	}
	t.Logf("%d mistakes", len(ins))
}

const a = "[experiment.a]\n" // how most of the files begin

var malformed = []struct{ name, in, want string }{
	// What is no TOML.
	{"no closing bracket", "[experiment", `e.toml:1:11: expected ']' to close table name`},
	{"no value", "seed =\n", `e.toml:1:7: unexpected character U+000A at start of value: want a number, true, false, a time, a list, or text in "quotes"`},
	{"no equals sign", a + "seed 1\n", `e.toml:2:6: expected '=' after key`},
	{"colon for equals sign", a + "seed: 1\n", `e.toml:2:5: expected '=' after key`},
	{"key twice", a + "seed = 1\nseed = 2\n", `e.toml:3:1: key seed is already defined`},
	{"table twice", a + "[experiment.a]\n", `e.toml:2:2: table a already exists`},
	{"key of a table twice", a + "lstm.units = 1\n[experiment.a.lstm]\nunits = 2\n", `e.toml:3:2: table lstm already exists as defined by a dotted key`},
	{"open text", a + "about = \"web\nseed = 1\n", `e.toml:2:13: basic strings cannot have new lines`},
	{"open list", a + "vae.hidden = [8, 6\n", `e.toml:2:19: array is incomplete`},
	{"curly quotes", a + "generator = “paper”\n", `e.toml:2:13: unexpected character U+00E2 'â' at start of value: want a number, true, false, a time, a list, or text in "quotes"`},
	{"backslashes", a + "data.path = \"C:\\new.pcap\"\n", `e.toml:2:1: data.path: ["C:\new.pcap"]: want paths without control characters; in "quotes" a backslash is written twice, in 'single quotes' once`},
	{"backslash that escapes nothing", a + "data.path = \"C:\\data\\my.pcap\"\n", `e.toml:2:16: invalid escape character U+0064 'd': in "quotes" a backslash is written twice, in 'single quotes' once`},
	{"leading zero", a + "seed = 01\n", `e.toml:2:8: integers cannot have leading zeroes`},
	{"no such day", a + "generate.start = 2026-02-30T12:00:00Z\n", `e.toml:2:26: impossible date`},
	{"bare word", a + "generator = paper\n", `e.toml:2:13: unexpected character U+0070 'p' at start of value: want a number, true, false, a time, a list, or text in "quotes"`},
	{"True", a + "generate.complete = True\n", `e.toml:2:21: unexpected character U+0054 'T' at start of value: want a number, true, false, a time, a list, or text in "quotes"`},
	{"no UTF-8", a + "about = \"\xff\"\n", `e.toml:2:10: invalid UTF-8 character in basic string`},
	{"binary", "\x00\x01\x02", `e.toml:1:1: invalid character at start of key: U+0000`},

	// Tables and names.
	{"outside of tables", "seed = 1\n[experiment.a]\n", `e.toml:1:1: key "seed" stands outside a table: want [defaults], [slurm] or [experiment.NAME] above it`},
	{"misspelt defaults", "[defautls]\nseed = 1\n", `e.toml:1:2: unknown table [defautls]: want [defaults], [slurm] or [experiment.NAME]`},
	{"list of tables", "[[experiment.a]]\nseed = 1\n", `e.toml:1:3: unknown table [experiment.a]: want [defaults], [slurm] or [experiment.NAME]`},
	{"experiment without a name", "[experiment]\na.seed = 1\n", `e.toml:1:2: unknown table [experiment]: want [defaults], [slurm] or [experiment.NAME]`},
	{"path as name", "[experiment.\"../a\"]\n", `e.toml:1:2: experiment name "../a": want small letters, digits and hyphens`},
	{"capitals in a name", "[experiment.HTTP]\n", `e.toml:1:2: experiment name "HTTP": want small letters, digits and hyphens`},
	{"empty name", "[experiment.\"\"]\n", `e.toml:1:2: unknown table [experiment.]: want [defaults], [slurm] or [experiment.NAME]`},

	{"list of tables of a cluster", "[[slurm]]\n", `e.toml:1:3: unknown table [slurm]: want [defaults], [slurm] or [experiment.NAME]`},
	{"table below that of a cluster", "[slurm.gpu]\n", `e.toml:1:2: unknown table [slurm.gpu]: want [defaults], [slurm] or [experiment.NAME]`},

	// What a cluster is asked for.
	{"misspelt key of a cluster", "[slurm]\npartitions = \"gpu\"\n", `e.toml:2:1: unknown key "slurm.partitions"; did you mean "slurm.partition"?`},
	{"partition with a space", "[slurm]\npartition = \"my gpu\"\n", `e.toml:2:1: slurm.partition: "my gpu": want the name of a partition, or several with commas between them`},
	{"fewer GPUs than none", "[slurm]\ngpus = -1\n", `e.toml:2:1: slurm.gpus: -1: want a whole number from 0 to 64`},
	{"memory in words", "[slurm]\nmemory = \"8 GB\"\n", `e.toml:2:1: slurm.memory: "8 GB": want a whole number with K, M, G or T behind it, like "8G"`},
	{"time without a unit", "[slurm]\ntime = 60\n", `e.toml:2:1: slurm.time: 60: want a duration like 500ms, 30s or 2m`},
	{"time that is too short", "[slurm]\ntime = \"1m\"\n", `e.toml:2:1: slurm.time: "1m0s": want 0s, or "5m" or more: two minutes before the end a task stores what it has`},
	{"one option", "[slurm]\noptions = \"--qos=long\"\n", `e.toml:2:1: slurm.options: "--qos=long": want a list of texts`},
	{"option in two words", "[slurm]\noptions = [\"--exclusive\", \"--qos long\"]\n", `e.toml:2:1: slurm.options: "--qos long": want options of sbatch in their long form, each with its value in one word, like "--qos=long"`},
	{"option of the script", "[slurm]\noptions = [\"--array=1-3\"]\n", `e.toml:2:1: slurm.options: "--array=1-3": is set by the script itself, or by another key of [slurm]`},

	// Keys.
	{"misspelt key", a + "lstm.unit = 3\n", `e.toml:2:1: unknown key "lstm.unit"; did you mean "lstm.units"?`},
	{"misspelt key in a table", a + "[experiment.a.lstm]\n  unit = 3\n", `e.toml:3:3: unknown key "lstm.unit"; did you mean "lstm.units"?`},
	{"misspelt key in an inline table", a + "lstm = { units = 3, bach = 3 }\n", `e.toml:2:21: unknown key "lstm.bach"; did you mean "lstm.batch"?`},
	{"misspelt table", a + "[experiment.a.lsmt]\nunits = 3\nbatch = 3\n", `e.toml:2:2: unknown table "lsmt"; did you mean "lstm"?`},
	{"misspelt empty inline table", a + "lsmt = {}\n", `e.toml:2:1: unknown table "lsmt"; did you mean "lstm"?`},
	{"misspelt key of defaults", "[defaults]\nsed = 3\n[experiment.a]\n", `e.toml:2:1: unknown key "sed"; did you mean "seed"?`},
	{"last part of a key", a + "units = 3\n", `e.toml:2:1: unknown key "units"; did you mean "lstm.units"?`},
	{"key near none", a + "colour = \"blue\"\n", `e.toml:2:1: unknown key "colour"`},
	{"extends in defaults", "[defaults]\nextends = \"a\"\n[experiment.a]\n", `e.toml:2:1: extends: want it in an [experiment.NAME], which has what stands in [defaults] already`},

	// Types.
	{"number for a table", a + "lstm = 3\n", `e.toml:2:1: "lstm" is a table: set one of its keys, like lstm.units`},
	{"table for a number", a + "seed = { x = 3 }\n", `e.toml:2:10: unknown key "seed.x"; did you mean "seed"?`},
	{"list of tables for a table", a + "vae = [{ epochs = 3 }]\n", `e.toml:2:1: "vae" is a table: set one of its keys, like vae.hidden`},
	{"text for a number", a + "lstm.units = \"64\"\n", `e.toml:2:1: lstm.units: "64": want a whole number from 1 to 4096`},
	{"true for a number", a + "lstm.units = true\n", `e.toml:2:1: lstm.units: true: want a whole number from 1 to 4096`},
	{"list for a number", a + "lstm.units = [64]\n", `e.toml:2:1: lstm.units: [64]: want a whole number from 1 to 4096`},
	{"fraction for a whole number", a + "lstm.units = 64.5\n", `e.toml:2:1: lstm.units: 64.5: want a whole number from 1 to 4096`},
	{"day for a number", a + "seed = 2026-01-31\n", `e.toml:2:1: seed: 2026-01-31: want a whole number of at least 0`},
	{"number for text", a + "data.name = 64\n", `e.toml:2:1: data.name: 64: want text`},
	{"number for a path", a + "data.path = 64\n", `e.toml:2:1: data.path: 64: want a path, or a list of paths`},
	{"number in a list of paths", a + "data.path = [\"a\", 64]\n", `e.toml:2:1: data.path: ["a", 64]: want a path, or a list of paths`},
	{"empty path in a list", a + "data.path = [\"a\", \"\"]\n", `e.toml:2:1: data.path: ["a", ""]: want paths without spaces around them`},
	{"number for true or false", a + "generate.complete = 1\n", `e.toml:2:1: generate.complete: 1: want true or false`},
	{"text for true or false", a + "generate.complete = \"yes\"\n", `e.toml:2:1: generate.complete: "yes": want true or false`},
	{"text for a list", a + "vae.hidden = \"8,6\"\n", `e.toml:2:1: vae.hidden: "8,6": want a list of whole numbers from 1 to 4096`},
	{"number for a word", a + "level = 3\n", `e.toml:2:1: level: 3: want one of packet, flow, aggregate`},
	{"unknown table", a + "[experiment.a.network]\n", `e.toml:2:2: unknown table "network": want one of data, features, vae, gmm, markov, lstm, generate, evaluate`},
	{"number for a list", a + "vae.hidden = 8\n", `e.toml:2:1: vae.hidden: 8: want a list of whole numbers from 1 to 4096`},
	{"number for a duration", a + "data.idle_timeout = 60\n", `e.toml:2:1: data.idle_timeout: 60: want a duration like 500ms, 30s or 2m`},
	{"days in a duration", a + "generate.duration = \"1d\"\n", `e.toml:2:1: generate.duration: "1d": want a duration like 500ms, 30s or 2m`},
	{"text for a time", a + "generate.start = \"today\"\n", `e.toml:2:1: generate.start: "today": want a time like 2026-01-31T12:00:00Z`},
	{"local time", a + "generate.start = 2026-01-31T12:00:00\n", `e.toml:2:1: generate.start: 2026-01-31T12:00:00: want a time like 2026-01-31T12:00:00Z`},

	// Values.
	{"below the range", a + "seed = 1\nlstm.units = 0\n", `e.toml:3:1: lstm.units: 0: want a whole number from 1 to 4096`},
	{"above the range", a + "data.port = 256\n", `e.toml:2:1: data.port: 256: want a whole number from 0 to 255`},
	{"at an open end", a + "vae.learning_rate = 0\n", `e.toml:2:1: vae.learning_rate: 0: want a number above 0 and up to 1`},
	{"not a number", a + "vae.beta = nan\n", `e.toml:2:1: vae.beta: nan: want a number from 0 to 1000`},
	{"infinite", a + "vae.beta = inf\n", `e.toml:2:1: vae.beta: inf: want a number from 0 to 1000`},
	{"negative seed", a + "seed = -1\n", `e.toml:2:1: seed: -1: want a whole number of at least 0`},
	{"seed of 65 bits", a + "seed = 36893488147419103232\n", `e.toml:2:8: decimal number is too large to fit in a 64-bit signed integer`},
	{"negative duration", a + "generate.duration = \"-1h\"\n", `e.toml:2:1: generate.duration: "-1h": want a duration of at least 0s`},
	{"outside in a list", a + "vae.hidden = [8, 0]\n", `e.toml:2:1: vae.hidden: [8, 0]: want a list of whole numbers from 1 to 4096`},
	{"empty list", a + "vae.hidden = []\n", `e.toml:2:1: vae.hidden: []: want at least one layer`},
	{"no components", a + "gmm.components = 0\n", `e.toml:2:1: gmm.components: 0: want "bic" or a whole number from 1 to 1024`},
	{"unknown word", a + "generator = \"vae\"\n", `e.toml:2:1: generator: "vae": want one of bootstrap, markov, paper, sampled`},
	{"unknown application", a + "data.application = \"GOPHER\"\n", `e.toml:2:1: data.application: "GOPHER": want one of ARP, LLC, LOOP, SNAP, TELNET, HTTP, SSH, SNMP, SMTP, DNS, NTP, FTP, FTP-DATA, RIP, IRC, POP, IMAP, SIP, ICMP, FINGER, TIME, NETBIOS, QUIC, TLS, LORAWAN, or a service like tcp/502, udp/* or other`},
	{"no prefix", a + "generate.addresses = [\"ten\"]\n", `e.toml:2:1: generate.addresses: ["ten"]: want a list of prefixes like 10.20.0.0/16 or fd00:1234::/48`},
	{"bits behind a prefix", a + "generate.addresses = [\"10.0.0.1/16\"]\n", `e.toml:2:1: generate.addresses: addresses[0] is 10.0.0.1/16, want no bits set behind the prefix, as in 10.0.0.0/16`},
	{"prefixes that overlap", a + "generate.addresses = [\"10.0.0.0/16\", \"10.0.1.0/24\"]\n", `e.toml:2:1: generate.addresses: addresses[0] is 10.0.0.0/16 and addresses[1] 10.0.1.0/24, want prefixes that do not overlap`},
	{"period without a time", a + "generate.follow = \"noon\"\n", `e.toml:2:1: generate.follow: "noon": want all, or a period START..END of times like 1999-03-01T13:00:00Z, days like 1999-03-01, or time since the first packet like +10m`},
	{"empty period", a + "data.from = \"+20m\"\ndata.to = \"+10m\"\n", `e.toml:3:1: data.to: +10m0s: the period from +20m0s to +10m0s is empty: want a later end`},

	// Keys that do not go together.
	{"short gateway", a + "data.application = \"LORAWAN\"\ndata.gateway = \"0b03\"\n", `e.toml:3:1: data.gateway: "0b03": want 16 hexadecimal digits, like 0000024b0b031c97`},
	{"gateway of HTTP", a + "data.gateway = \"0000024b0b031c97\"\n", `e.toml:2:1: data.gateway: "0000024b0b031c97": is of LoRaWAN only: want none, or data.application = "LORAWAN"`},
	{"port of HTTP", a + "data.port = 1\n", `e.toml:2:1: data.port: 1: is of LoRaWAN only: want 0, or data.application = "LORAWAN"`},
	{"packets of flows", a + "level = \"packet\"\n", `e.toml:2:1: level: "packet": knows no flows: want it with data.flows = "none"`},
	{"flows of a timeline", a + "level = \"aggregate\"\ndata.flows = \"none\"\n", `e.toml:2:1: level: "aggregate": is of flows: want it with data.flows = "five-tuple"`},
	{"two sources of starts", a + "generate.follow = \"all\"\ngenerate.flows_from = \"flows.csv\"\n", `e.toml:3:1: generate.flows_from: "flows.csv": want it without generate.follow: one of them says when flows start`},

	// What builds on another experiment.
	{"extends unknown", a + "extends = \"b\"\n[experiment.bb]\n", `e.toml:1:2: experiment a extends "b", which is unknown`},
	{"extends misspelt", "[experiment.http]\nextends = \"htp\"\n", `e.toml:1:2: experiment http extends "htp", which is unknown; did you mean "http"?`},
	{"extends itself", a + "extends = \"a\"\n", `e.toml:1:2: experiment a extends itself: a -> a`},
	{"extends in a circle", a + "extends = \"b\"\n[experiment.b]\nextends = \"a\"\n", "e.toml:3:2: experiment b extends itself: a -> b -> a\ne.toml:1:2: experiment a extends itself: b -> a -> b"},
	{"extends a number", a + "extends = 3\n", `e.toml:2:1: extends: 3: want the name of an experiment`},
	{"conflict that is inherited", "[defaults]\ndata.flows = \"none\"\n[experiment.a]\n[experiment.b]\nextends = \"a\"\nlevel = \"aggregate\"\n", `e.toml:6:1: level: "aggregate": is of flows: want it with data.flows = "five-tuple"`},
	{"three at once", "[defaults]\nsed = 1\n[experiment.a]\nlstm = { units = 0, batch = 0 }\n[experiment.b]\nextends = \"a\"\nseed = \"x\"\n", "e.toml:2:1: unknown key \"sed\"; did you mean \"seed\"?\ne.toml:4:10: lstm.units: 0: want a whole number from 1 to 4096\ne.toml:4:21: lstm.batch: 0: want a whole number from 1 to 65536\ne.toml:7:1: seed: \"x\": want a whole number of at least 0"},
}
