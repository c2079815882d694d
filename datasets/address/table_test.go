package address_test

import (
	"io"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/flowtest"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/table"
	"github.com/necstgen/necstgen/datasets/testbed"
)

// flowsOf are the flows of an embedded capture.
func flowsOf(t *testing.T, open func() (io.ReadCloser, error)) []*flow.Flow {
	t.Helper()
	r, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var assembler flow.Assembler
	flows, _, err := flow.Collect(assembler.Flows(pcap.Packets(r, "recording.pcap")))
	if err != nil {
		t.Fatal(err)
	}
	return flows
}

// throughTable writes flows to a table of packets and reads them back, as a stage
// does that fits a plan.
func throughTable(t *testing.T, flows []*flow.Flow) []*flow.Flow {
	t.Helper()
	name := filepath.Join(t.TempDir(), "training.parquet")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range flows {
		for i := range f.Packets {
			f.Packets[i].FlowID = f.ID
		}
	}
	err = table.WritePackets(file, table.Parquet, func(yield func(flow.Packet, error) bool) {
		for p := range flow.Packets(flows) {
			if !yield(p, nil) {
				return
			}
		}
	})
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	var back []*flow.Flow
	index := map[int64]*flow.Flow{}
	for p, err := range table.ReadPackets(name) {
		if err != nil {
			t.Fatal(err)
		}
		f := index[p.FlowID]
		if f == nil {
			f = &flow.Flow{ID: p.FlowID, Tuple: p.Tuple}
			if p.Direction == flow.Backward {
				f.Tuple = p.Tuple.Reverse()
			}
			index[p.FlowID] = f
			back = append(back, f)
		}
		if f.Application == flow.Unknown {
			f.Application = p.Application
		}
		f.Packets = append(f.Packets, p)
	}
	return back
}

// A plan is learned from flows as they come back from a table, which keeps no
// payloads: it is the same plan.
func TestFitFromTable(t *testing.T) {
	for _, c := range []struct {
		name  string
		flows []*flow.Flow
	}{{"office", flowsOf(t, testbed.Open)}, {"services", flowsOf(t, testbed.OpenServices)}, {"uplinks", flowtest.Devices(30)}} {
		for _, opts := range []address.FitOptions{{}, {KeepAddresses: true}} {
			want, err := address.Fit(c.flows, opts)
			if err != nil {
				t.Fatal(err)
			}
			got, err := address.Fit(throughTable(t, c.flows), opts)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s, %+v: a plan of %d hosts and %d services, want %d and %d", c.name, opts, len(got.Hosts), len(got.Services), len(want.Hosts), len(want.Services))
			}
		}
	}
}
