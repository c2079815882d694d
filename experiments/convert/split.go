package convert

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
)

// Split says into which files a folder of NeCSTGen's layout is split.
type Split struct {
	Day         bool // df_week1_monday.csv: all packets of a day
	Application bool // raw/df_raw_HTTP.csv: the packets of an application but LoRaWAN, and beside it the features, the flows and their features
}

// UnmarshalText takes words that are separated by commas: "day,application".
func (s *Split) UnmarshalText(text []byte) error {
	*s = Split{}
	for word := range strings.SplitSeq(string(text), ",") {
		switch word {
		case "":
		case "day":
			s.Day = true
		case "application":
			s.Application = true
		default:
			return fmt.Errorf("unknown word %q: want day, application, or both: day,application", word)
		}
	}
	return nil
}

// MarshalText is the text that UnmarshalText takes.
func (s Split) MarshalText() ([]byte, error) {
	var words []string
	if s.Day {
		words = append(words, "day")
	}
	if s.Application {
		words = append(words, "application")
	}
	return []byte(strings.Join(words, ",")), nil
}

// checkSplit refuses what does not go with files in a folder.
func (c *converter) checkSplit() error {
	switch {
	case c.Layout != NeCSTGen:
		return fmt.Errorf("split files: want layout %s", NeCSTGen)
	case c.Packets == "":
		return errors.New("split files: want the name of a folder to write them to")
	case c.Features != "" || c.Flows != "" || c.FlowFeatures != "":
		return errors.New("split files have their own names: want a folder alone")
	case c.content != trafficContent || c.choice.uplinks() || c.choice.protocol != 0:
		return errors.New("split files: want packets of applications, not uplinks, transports, tables or generated packets")
	}
	return nil
}

// splitter writes the packets of one pass to the files of a folder.
type splitter struct {
	*converter
	folder  string
	files   atomicfile.Set
	writers map[string]*necstgencsv.PacketWriter // by name below the folder
	days    necstgencsv.Days
}

// writeSplit writes the files of days and applications in one pass over the trace, then
// what is made of each application's.
func (c *converter) writeSplit() error {
	s := &splitter{converter: c, folder: c.Packets, writers: make(map[string]*necstgencsv.PacketWriter)}
	defer s.files.Discard()
	var p flow.Packet // one for all: Write's argument escapes
	var err error
	for p, err = range c.packets() {
		if err == nil {
			err = s.write(&p)
		}
		if err != nil {
			return err
		}
	}
	if err := c.checkRead(); err != nil {
		return err
	}
	for _, w := range s.writers {
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if err := s.files.Close(); err != nil {
		return err
	}
	for name := range s.writers {
		c.result.Files = append(c.result.Files, filepath.Join(s.folder, name))
	}
	slices.Sort(c.result.Files)
	if c.Split.Application {
		return s.deriveAll()
	}
	return nil
}

// write writes a packet to the files that it belongs to.
func (s *splitter) write(p *flow.Packet) error {
	if s.Split.Day {
		if err := s.writeTo(s.days.Of(p, s.in.Origin().File).FileName(), necstgencsv.Day, p); err != nil {
			return err
		}
	}
	if s.Split.Application && p.Application != flow.Unknown && p.Application != flow.LoRaWAN {
		return s.writeTo(publishedName("raw", "df_raw_", p.Application.String()), necstgencsv.DARPA, p)
	}
	return nil
}

// publishedName returns where a file of an application stands in the published folder.
func publishedName(folder, prefix, application string) string {
	return filepath.Join(folder, prefix+strings.ReplaceAll(application, "-", "_")+".csv")
}

// writeTo writes a packet to a file, which begins with its first.
func (s *splitter) writeTo(name string, layout necstgencsv.Layout, p *flow.Packet) error {
	w := s.writers[name]
	if w == nil {
		path := filepath.Join(s.folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return err
		}
		file, err := s.files.Create(path)
		if err != nil {
			return err
		}
		if w, err = necstgencsv.NewPacketWriter(file, layout, necstgencsv.Options{}); err != nil {
			return err
		}
		s.writers[name] = w
	}
	return w.Write(p)
}

// deriveAll writes the features, flows and flows' features of each application from the
// file of its packets, as NeCSTGen's scripts do.
func (s *splitter) deriveAll() error {
	if err := os.MkdirAll(filepath.Join(s.folder, "process"), 0o777); err != nil {
		return err
	}
	for _, raw := range slices.Clone(s.result.Files) {
		application, ok := strings.CutPrefix(filepath.Base(raw), "df_raw_")
		if !ok {
			continue
		}
		application = strings.TrimSuffix(application, ".csv")
		in := func(folder, prefix string) string {
			return filepath.Join(s.folder, publishedName(folder, prefix, application))
		}
		derived := &converter{ctx: s.ctx, names: []string{raw}, name: raw, Options: Options{Layout: NeCSTGen, Application: application, Compat: s.Compat,
			Packets: raw, Features: in("process", "df_process_"), Flows: in("raw", "df_raw_flows_"), FlowFeatures: in("process", "df_process_flows_")}}
		if err := derived.prepare(); err != nil {
			return err
		}
		derived.Packets = "" // which is there
		if err := derived.writeNeCSTGen(); err != nil {
			return fmt.Errorf("%s: %w", raw, err)
		}
		s.result.Flows += derived.result.Flows
		s.result.Files = append(s.result.Files, derived.Features, derived.Flows, derived.FlowFeatures)
	}
	return nil
}
