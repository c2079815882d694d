package capturetest

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Line is one line of tshark's expert information, the frequencies of all parts
// of a capture added.
type Line struct {
	Severity, Group, Text string
	Frequency             int
}

// Tshark wants no error, warning or note but those of Harmless and want.Allowed.
func Tshark(t *testing.T, capture string, want Expect) {
	t.Helper()
	lines := Expert(t, capture)
	if len(lines) == 0 {
		t.Log("tshark has nothing to say: no connection opens or closes")
	}
	for _, line := range lines {
		harmless := func(s string) bool { return strings.Contains(line.Text, s) }
		if line.Severity != "Chats" && !slices.ContainsFunc(Harmless, harmless) && !slices.ContainsFunc(want.Allowed, harmless) {
			t.Errorf("tshark: %+v", line)
		}
	}
}

// Expert is tshark's expert information on a capture, with the checksums of IP, TCP
// and UDP validated. A large plain capture is split by conversation, so that
// all processors work on it.
func Expert(t *testing.T, capture string) []Line {
	t.Helper()
	path := tool(t, "tshark")
	parts, err := split(capture, t.TempDir(), runtime.GOMAXPROCS(0))
	if err != nil {
		t.Fatal(err)
	}
	outs, errs := make([]string, len(parts)), make([]error, len(parts))
	var wait sync.WaitGroup
	for i, part := range parts {
		wait.Go(func() {
			outs[i], errs[i] = run(path, "-n", "-r", part, "-q", "-z", "expert", "-o", "tcp.check_checksum:TRUE",
				"-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	sums := make(map[Line]int)
	var order []Line
	for _, out := range outs {
		for _, line := range expertLines(out) {
			n := line.Frequency
			line.Frequency = 0
			if sums[line] == 0 {
				order = append(order, line)
			}
			sums[line] += n
		}
	}
	for i := range order {
		order[i].Frequency = sums[order[i]]
	}
	return order
}

// expertLines reads the report of -z expert.
func expertLines(report string) []Line {
	var lines []Line
	severity := ""
	for line := range strings.Lines(report) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 2 && strings.HasPrefix(fields[1], "("):
			severity = fields[0]
		case len(fields) > 3:
			if n, err := strconv.Atoi(fields[0]); err == nil {
				lines = append(lines, Line{severity, fields[1], strings.Join(fields[2:], " "), n})
			}
		}
	}
	return lines
}

// Sizes of a classic capture and its frames.
const (
	fileHeader   = 24
	recordHeader = 16
	splitFrom    = 32 << 20 // bytes of a capture from which it is split
)

// split writes the frames of a plain pcap capture of Ethernet to n files, those of a
// conversation to one, and returns their names; any other capture is its own part.
func split(capture, folder string, n int) ([]string, error) {
	file, err := os.Open(capture)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	in := bufio.NewReaderSize(file, 1<<20)
	header, err := in.Peek(fileHeader)
	le := binary.LittleEndian
	if info, statErr := file.Stat(); err != nil || statErr != nil || info.Size() < splitFrom || n < 2 || le.Uint32(header[20:]) != 1 ||
		le.Uint32(header) != 0xa1b2c3d4 && le.Uint32(header) != 0xa1b23c4d {
		return []string{capture}, nil
	}
	var names []string
	var outs []*bufio.Writer
	for i := range n {
		name := filepath.Join(folder, fmt.Sprintf("part-%d.pcap", i))
		part, err := os.Create(name)
		if err != nil {
			return nil, err
		}
		defer part.Close()
		names, outs = append(names, name), append(outs, bufio.NewWriterSize(part, 1<<20))
		if _, err := outs[i].Write(header); err != nil {
			return nil, err
		}
	}
	if _, err := in.Discard(fileHeader); err != nil {
		return nil, err
	}
	return names, splitRecords(in, outs)
}

func splitRecords(in io.Reader, outs []*bufio.Writer) error {
	record := make([]byte, recordHeader, 1<<16)
	for {
		if _, err := io.ReadFull(in, record[:recordHeader]); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		size := recordHeader + int(binary.LittleEndian.Uint32(record[8:]))
		record = slices.Grow(record[:recordHeader], size)[:size]
		if _, err := io.ReadFull(in, record[recordHeader:]); err != nil {
			return err
		}
		if _, err := outs[conversation(record[recordHeader:])%uint32(len(outs))].Write(record); err != nil {
			return err
		}
	}
	for _, out := range outs {
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// conversation is the same number for both directions of two hosts' frames. Ports
// are left out: FTP announces those of another connection.
func conversation(frame []byte) uint32 {
	if len(frame) < 54 {
		return 0
	}
	addresses := frame[26:34]
	if frame[12] == 0x86 {
		addresses = frame[22:54]
	}
	half := len(addresses) / 2
	sum := uint32(0)
	for i := range half {
		sum = sum*31 + uint32(addresses[i]) + uint32(addresses[half+i])
	}
	return sum ^ sum>>7
}
