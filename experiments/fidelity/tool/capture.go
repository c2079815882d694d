package tool

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/trace"
)

// Side is flows that were read from a file.
type Side struct {
	File  string // what Options.Open opens
	Flows []*flow.Flow
}

// capture is the frames of a side's flows as a file of their own.
type capture struct {
	what   string // "synthetic", for messages
	path   string
	flowOf []int // [frame] index of its flow
	flows  int

	frames []position // those that are wanted, by number
}

// position is where the packet of a flow stands in its file.
type position struct {
	number, time int64
	flow         int
}

// newCapture lists the frames of flows.
func newCapture(what, dir string, flows []*flow.Flow) *capture {
	c := &capture{what: what, path: filepath.Join(dir, what+".pcap"), flows: len(flows)}
	for i, f := range flows {
		for j := range f.Packets {
			c.frames = append(c.frames, position{f.Packets[j].Number, f.Packets[j].Time, i})
		}
	}
	slices.SortFunc(c.frames, func(a, b position) int { return cmp.Or(cmp.Compare(a.number, b.number), a.flow-b.flow) })
	c.frames = slices.CompactFunc(c.frames, func(a, b position) bool { return a.number == b.number }) // a datagram of two uplinks
	return c
}

// snapLength is the number of bytes that all sides kept of a frame; 0: no frame was cut.
func snapLength(sides ...Side) int {
	least := 0
	for _, s := range sides {
		cut, longest := false, 0
		for _, f := range s.Flows {
			for i := range f.Packets {
				p := &f.Packets[i]
				cut = cut || p.Captured < p.Length
				longest = max(longest, int(p.Captured))
			}
		}
		if cut && (least == 0 || longest < least) {
			least = longest
		}
	}
	return least
}

// errNoFrames is the error for a file of packets that are not kept as frames.
var errNoFrames = errors.New("no capture: it has packets without their frames")

// write copies the frames of captures out of a file, each cut to the snap length.
func write(ctx context.Context, data *trace.Trace, snap int, captures ...*capture) (err error) {
	writers := make([]*frameWriter, len(captures))
	for i, c := range captures {
		writers[i] = &frameWriter{capture: c, snap: snap}
		defer func() { err = errors.Join(err, writers[i].close()) }()
	}
	for p, err := range data.Packets(ctx, trace.Selection{Outer: true}) {
		if flow.IsRecordError(err) {
			continue
		}
		if err != nil {
			return err
		}
		for _, w := range writers {
			if err := w.write(data, &p); err != nil {
				return err
			}
		}
	}
	for _, w := range writers {
		if n := len(w.capture.frames) - len(w.capture.flowOf); n > 0 {
			return fmt.Errorf("%d packets of its flows are not in it any more", n)
		}
	}
	return nil
}

// frameWriter writes the frames of a capture.
type frameWriter struct {
	capture *capture
	snap    int
	link    uint32
	file    *os.File
	buffer  *bufio.Writer
	out     *pcap.Writer
}

// write writes the frame of the packet that has just come, if it is one of the capture's.
func (w *frameWriter) write(data *trace.Trace, p *flow.Packet) error {
	c := w.capture
	if len(c.flowOf) == len(c.frames) || c.frames[len(c.flowOf)].number != p.Number {
		return nil
	}
	wanted := c.frames[len(c.flowOf)]
	if wanted.time != p.Time {
		return fmt.Errorf("packet %d has another time than when its flow was read", p.Number)
	}
	frame, link := data.Frame()
	if frame == nil {
		return errNoFrames
	}
	if w.out == nil {
		if err := w.open(link); err != nil {
			return err
		}
	}
	if link != w.link {
		return fmt.Errorf("frames of the link types %d and %d: want a capture of one", w.link, link)
	}
	c.flowOf = append(c.flowOf, wanted.flow)
	return w.out.WriteCut(p.Time, frame, int(p.Length))
}

// open begins the file. Times are whole microseconds, which every program reads.
func (w *frameWriter) open(link uint32) (err error) {
	if w.file, err = os.Create(w.capture.path); err != nil {
		return err
	}
	w.link, w.buffer = link, bufio.NewWriter(w.file)
	w.out, err = pcap.NewWriter(w.buffer, pcap.WriterOptions{Microseconds: true, LinkType: link, SnapLength: w.snap})
	return err
}

// close ends the file.
func (w *frameWriter) close() error {
	if w.out == nil {
		return nil
	}
	return errors.Join(w.out.Close(), w.buffer.Flush(), w.file.Close())
}
