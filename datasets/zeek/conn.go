// Package zeek writes flows as Zeek logs connections: conn.log, tab-separated, with the
// header that zeek-cut and others read
// (https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html).
//
// The columns are those of Zeek 8, then community_id as Zeek's policy script adds it, and
// two of our own, which say what Zeek cannot know: the application that a flow was drawn
// as, and what it comes from. What package flow says of a connection is what Zeek would
// say, but for lost content and wrong checksums, which are not looked for; local_orig and
// local_resp are not set, because the log does not know which networks are local.
package zeek

import (
	"bufio"
	"crypto/sha1"
	"encoding/binary"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/flow"
)

// columns are the names and types of the columns, in order.
var columns = [][2]string{
	{"ts", "time"}, {"uid", "string"}, {"id.orig_h", "addr"}, {"id.orig_p", "port"}, {"id.resp_h", "addr"}, {"id.resp_p", "port"},
	{"proto", "enum"}, {"service", "string"}, {"duration", "interval"}, {"orig_bytes", "count"}, {"resp_bytes", "count"},
	{"conn_state", "string"}, {"local_orig", "bool"}, {"local_resp", "bool"}, {"missed_bytes", "count"}, {"history", "string"},
	{"orig_pkts", "count"}, {"orig_ip_bytes", "count"}, {"resp_pkts", "count"}, {"resp_ip_bytes", "count"},
	{"tunnel_parents", "set[string]"}, {"ip_proto", "count"}, {"community_id", "string"}, {"application", "string"}, {"origin", "string"},
}

// services are Zeek's names of the applications that it recognises.
var services = map[flow.Application]string{
	flow.HTTP: "http", flow.SSH: "ssh", flow.SNMP: "snmp", flow.SMTP: "smtp", flow.DNS: "dns", flow.NTP: "ntp", flow.FTP: "ftp", flow.FTPData: "ftp-data",
	flow.IRC: "irc", flow.POP: "pop3", flow.IMAP: "imap", flow.SIP: "sip", flow.QUIC: "quic", flow.TLS: "ssl",
}

// ConnWriter writes a conn.log. It is not safe for concurrent use.
type ConnWriter struct {
	out  *bufio.Writer
	row  []byte
	last int64 // end of the last flow
}

// NewConnWriter starts a conn.log. Its header says that it was opened when the first flow
// starts, so that the same flows give the same bytes.
func NewConnWriter(w io.Writer) *ConnWriter { return &ConnWriter{out: bufio.NewWriterSize(w, 1<<16)} }

// Write adds a flow. One without addresses, such as LoRaWAN uplinks, is left out: no line
// of a conn.log can be of it.
func (c *ConnWriter) Write(r *flow.Record) error {
	if !r.Tuple.Src.Addr().IsValid() || !r.Tuple.Dst.Addr().IsValid() {
		return nil
	}
	if c.last == 0 {
		c.header(r.Start)
	}
	c.last = max(c.last, r.End)
	c.row = appendRow(c.row[:0], r)
	if _, err := c.out.Write(c.row); err != nil {
		return fmt.Errorf("zeek: conn.log: %w", err)
	}
	return nil
}

// Close ends the log. It does not close the file.
func (c *ConnWriter) Close() error {
	if c.last > 0 {
		fmt.Fprintf(c.out, "#close\t%s\n", day(c.last)) // the buffer keeps the error
	}
	if err := c.out.Flush(); err != nil {
		return fmt.Errorf("zeek: conn.log: %w", err)
	}
	return nil
}

// header writes the lines before the first row; the buffer keeps an error.
func (c *ConnWriter) header(start int64) {
	var names, types []string
	for _, column := range columns {
		names, types = append(names, column[0]), append(types, column[1])
	}
	fmt.Fprintf(c.out, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n#open\t%s\n#fields\t%s\n#types\t%s\n",
		day(start), strings.Join(names, "\t"), strings.Join(types, "\t"))
}

// day returns a time as the header has it.
func day(nanoseconds int64) string {
	return time.Unix(0, nanoseconds).UTC().Format("2006-01-02-15-04-05")
}

// appendRow appends the line of a flow.
func appendRow(b []byte, r *flow.Record) []byte {
	cell := func(text string) {
		if text == "" {
			text = "-"
		}
		b = append(append(b, text...), '\t')
	}
	count := func(n int64) { b = append(strconv.AppendInt(b, n, 10), '\t') }
	b = append(appendSeconds(b, r.Start), '\t')
	cell(uid(r))
	cell(r.Tuple.Src.Addr().Unmap().String())
	count(int64(r.Tuple.Src.Port()))
	cell(r.Tuple.Dst.Addr().Unmap().String())
	count(int64(r.Tuple.Dst.Port()))
	cell(transport(r.Tuple.Proto))
	cell(services[r.Application])
	if duration := r.Duration(); duration > 0 {
		b = append(appendSeconds(b, duration), '\t')
		count(r.Payload[flow.Forward])
		count(r.Payload[flow.Backward])
	} else {
		cell("")
		cell("")
		cell("")
	}
	cell(r.State())
	cell("")
	cell("")
	count(0)
	cell(r.History())
	for dir := range r.Packets {
		count(r.Packets[dir])
		count(r.IPBytes[dir])
	}
	cell("")
	count(int64(r.Tuple.Proto))
	cell(r.Tuple.CommunityID())
	if r.Application != flow.Unknown {
		cell(r.Application.String())
	} else {
		cell("")
	}
	if r.Origin != nil {
		cell(escaped(r.Origin.Name))
	} else {
		cell("")
	}
	b[len(b)-1] = '\n'
	return b
}

// appendSeconds appends nanoseconds as seconds with six decimals.
func appendSeconds(b []byte, nanoseconds int64) []byte {
	b = append(strconv.AppendInt(b, nanoseconds/1e9, 10), '.')
	micros := strconv.Itoa(int(nanoseconds%1e9/1000) + 1e6)
	return append(b, micros[1:]...)
}

// transport returns Zeek's word for an IP protocol.
func transport(proto uint8) string {
	switch proto {
	case flow.TCP:
		return "tcp"
	case flow.UDP:
		return "udp"
	case flow.ICMP, flow.ICMPv6:
		return "icmp"
	}
	return "unknown_transport"
}

// escaped returns a text that cannot end its cell, with the bytes that could as \xhh.
func escaped(text string) string {
	return strings.NewReplacer("\\", `\x5c`, "\t", `\x09`, "\n", `\x0a`, "\r", `\x0d`).Replace(text)
}

// uid returns a name of the flow like Zeek's, the same for the same flow.
func uid(r *flow.Record) string {
	b := binary.BigEndian.AppendUint64([]byte(r.Tuple.CommunityID()), uint64(r.Start))
	sum := sha1.Sum(binary.BigEndian.AppendUint64(b, uint64(r.ID)))
	return "C" + new(big.Int).SetBytes(sum[:12]).Text(62)
}
