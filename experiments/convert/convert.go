// Package convert turns a trace into tables: of its packets, of the features that
// the models learn from, and of its flows. [Run] writes them as [Options] say, in
// this program's layout or in that of NeCSTGen's published files.
//
// Files that need another pass over the trace, as flows beside packets, read it again:
// nothing of it is held in memory. A table without packets, of flows or of numbers, is copied to
// another format.
package convert

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/trace"
)

// Layout says which columns the files have.
type Layout string

// The layouts. NeCSTGen's files are CSV.
const (
	Tables   Layout = ""         // this program's tables (package table)
	NeCSTGen Layout = "necstgen" // those of NeCSTGen's published files (package necstgencsv)
)

// Options say what is written. The ending of a file's name gives its format.
type Options struct {
	Packets  string // the file of the packets; "": as the trace, in the working folder
	Features string // of the features; "": none
	Flows    string // of the flows; "": none

	// FlowFeatures is the file of the flows' features, which only NeCSTGen's layout
	// has; "": none.
	FlowFeatures string

	Layout Layout

	// Split makes Packets a folder of several files of NeCSTGen's layout.
	Split Split

	// Application leaves out all packets but those of one application. Beside the
	// names of package flow it may be one of NeCSTGen's: TCP_GOOGLE_HOME and
	// UDP_GOOGLE_HOME stand for all packets of that transport, LORA_1 for the uplinks
	// of FPort 1. "" takes all.
	Application string

	// Period is the part of the trace that is read. Generated packets have no times.
	Period flow.Period

	// Variant is that of Features; "": that of the application. The variant lorawan without
	// an application takes all uplinks.
	Variant feature.Variant
	Compat  bool // Features as the published files have them, feature.Original

	// Published scales Features and FlowFeatures of NeCSTGen's layout by the constants of
	// the published files in place of what the rows give. It includes Compat.
	Published bool

	// MayBeEmpty makes an empty table of a trace without a packet, which is an error
	// otherwise.
	MayBeEmpty bool
}

// Result counts what was read and written.
type Result struct {
	PacketsFile string   `json:"table"`
	Packets     int64    `json:"packets"` // in that file
	Flows       int64    `json:"flows"`
	Rows        int64    `json:"rows"`            // of flows or numbers that were copied
	Damaged     int64    `json:"errors"`          // records that could not be read
	Others      int64    `json:"others"`          // packets that are not of the application
	Reasons     []error  `json:"-"`               // what was wrong with the first damaged records
	Files       []string `json:"files,omitempty"` // of a split, by name: of packets, then what is made of them
	Warnings    []error  `json:"-"`               // what is odd about the trace
}

// OptionsError is a mistake in the options.
type OptionsError struct{ Err error }

// Error returns the message of Err.
func (e *OptionsError) Error() string { return "convert: " + e.Err.Error() }

// Unwrap returns Err.
func (e *OptionsError) Unwrap() error { return e.Err }

// Run converts the trace of names, which trace.Open takes. All files are written,
// or none. A trace of which no packet could be read, or none is of the application,
// is an error with the first reasons. A pipe is announced by say; it can be read
// only for files that need one pass.
func Run(ctx context.Context, names []string, o Options, say func(message string)) (*Result, error) {
	c := &converter{Options: o, ctx: ctx, names: names, name: strings.Join(names, ", "), say: say}
	if err := c.prepare(); err != nil {
		return nil, &OptionsError{err}
	}
	write := c.writeTables
	switch {
	case c.content == flowContent || c.content == numberContent:
		write = c.copyTable
	case o.Split != (Split{}):
		write = c.writeSplit
	case o.Layout == NeCSTGen:
		write = c.writeNeCSTGen
	}
	if err := write(); err != nil {
		return nil, fmt.Errorf("convert: %w", err)
	}
	return &c.result, nil
}

// converter is one conversion under way.
type converter struct {
	Options
	ctx     context.Context
	names   []string
	name    string // for messages
	say     func(string)
	choice  choice
	content content
	passes  int // over the trace, so far
	result  Result

	packetConstants, flowConstants necstgencsv.Constants // nil: what the rows give

	in       *trace.Trace      // of the pass that is under way
	captures map[string]string // the names of captures by their files
}

// open opens the trace at its start.
func (c *converter) open() (*trace.Trace, error) {
	say := c.say
	if c.Layout == NeCSTGen && c.Features != "" || c.Flows != "" || c.FlowFeatures != "" || c.Features != "" && c.choice.uplinks() {
		say = nil // a pipe cannot be read twice, and is refused
	}
	return trace.Open(c.ctx, c.names, say)
}

// prepare checks the options and fills in what they leave open.
func (c *converter) prepare() error {
	if c.Layout != Tables && c.Layout != NeCSTGen {
		return fmt.Errorf("unknown layout %q: want %s, or none", c.Layout, NeCSTGen)
	}
	if c.Application == "" && c.Variant == feature.LoRaWAN {
		c.Application = flow.LoRaWAN.String()
	}
	var err error
	if c.choice, err = choiceOf(c.Application); err != nil {
		return err
	}
	if c.Variant != "" {
		if err = c.choice.variant.UnmarshalText([]byte(c.Variant)); err == nil && (c.Variant == feature.LoRaWAN) != c.choice.uplinks() {
			err = fmt.Errorf("variant %s: want %s for uplinks, and another for all else", c.Variant, feature.LoRaWAN)
		}
	}
	if len(c.names) == 1 {
		c.content = contentOf(c.name)
	}
	if c.Published {
		c.Compat = true
		var unknown error
		if c.packetConstants, c.flowConstants, unknown = necstgencsv.PublishedConstants(c.Application); c.Layout != NeCSTGen {
			unknown = fmt.Errorf("published constants: want layout %s", NeCSTGen)
		}
		err = errors.Join(err, unknown)
	}
	if c.Split != (Split{}) {
		c.result.PacketsFile = c.Packets
		return errors.Join(err, c.Period.Check(), c.checkSplit())
	}
	if c.Packets == "" {
		if len(c.names) != 1 || strings.ContainsAny(c.name, "*?[") {
			return fmt.Errorf("%s: want the name of the file to write: it is named as one input alone", c.name)
		}
		base := filepath.Base(c.name)
		c.Packets = strings.TrimSuffix(base, filepath.Ext(base)) + map[Layout]string{Tables: ".parquet", NeCSTGen: ".csv"}[c.Layout]
	}
	c.result.PacketsFile = c.Packets
	return errors.Join(err, c.Period.Check(), c.checkNames(), c.checkContent())
}

// checkNames refuses names of files from which it does not follow what to write.
func (c *converter) checkNames() error {
	var first table.Format
	for i, path := range []string{c.Packets, c.Features, c.Flows, c.FlowFeatures} {
		if path == "" {
			continue
		}
		format, err := table.FormatOf(path)
		if i == 0 {
			first = format
		}
		switch necstgen := c.Layout == NeCSTGen; {
		case err != nil:
			return err
		case necstgen && format != table.CSV:
			return fmt.Errorf("%s: want a name that ends in .csv: NeCSTGen's files are CSV", path)
		case necstgen && i > 0 && c.Application == "":
			return fmt.Errorf("%s: want an application: NeCSTGen's features and flows are those of one", path)
		case i == 3 && !necstgen:
			return fmt.Errorf("%s: want layout %s: no other has features of flows", path, NeCSTGen)
		case necstgen && i >= 2 && c.choice.uplinks():
			return fmt.Errorf("%s: NeCSTGen has no flows of uplinks", path)
		case i == 1 && format != first:
			return fmt.Errorf("%s: want features in the format of the packets, %s", path, first)
		}
	}
	return nil
}

// compatibility returns what Compat asks for.
func (c *converter) compatibility() feature.Compat {
	if c.Compat {
		return feature.Original()
	}
	return feature.Compat{}
}
