package drawn

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/necstgen/necstgen/datasets/address"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// Options say what the file does not.
type Options struct {
	Application flow.Application // Unknown: the one in the file's name
	Starts      string           // table of flows that says when they start; "": one after the other
	Flows       int              // only so many flows, the first of the file; 0: all
	Decoded     bool             // the columns that end in _vae
}

// firstStart is when the first flow starts where no table says it: 2026-01-01.
const firstStart = int64(1_767_225_600 * time.Second)

// Open reads a file of generated packets. The part has all of its flows; damaged rows
// are left out and listed. TCP frames of up to 60 bytes without PSH are taken to be
// padded: they have no payload.
func Open(path string, o Options) (part saved.Part, damaged []error, err error) {
	file, err := necstgencsv.OpenOutput(path)
	switch {
	case errors.Is(err, necstgencsv.ErrNoOutput):
		return part, nil, fmt.Errorf("drawn: %s is no file of generated packets: want columns like those of DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", path)
	case err != nil:
		return part, nil, err
	case file.IsTable():
		return part, nil, fmt.Errorf("drawn: %s is a table of flows, without packets: want a file of packets, to which it can give the starts", path)
	case file.HasAddresses():
		return part, nil, fmt.Errorf("drawn: %s has packets in NetShare's layout, without directions and TCP flags: want columns like those of DF_GEN_PACKET_HTTP_FLOW_CONNECT_FINAL.csv", path)
	}
	if o.Decoded {
		file.Decoded()
	}
	app, proto, err := service(file, o.Application)
	if err != nil {
		return part, nil, err
	}
	flows, damaged, err := file.Flows()
	if err != nil {
		return part, damaged, err
	}
	if o.Flows > 0 && o.Flows < len(flows) {
		flows = flows[:o.Flows]
	}
	for i, f := range flows {
		f.ID, f.Application = int64(i), app
		if app != flow.LoRaWAN {
			f.Tuple.Proto = proto
		}
		complete(f, proto)
	}
	if err := place(flows, o.Starts); err != nil {
		return part, damaged, err
	}
	traffic := generator.TrafficOf(flows)
	origin := flow.Origin{Name: filepath.Base(path)}
	return saved.Part{Generator: recorded{flows}, Plan: hosts(traffic), Traffic: traffic, Origin: origin}, damaged, nil
}

// hosts returns the plan of hosts, whose frames are padded as those of the file are.
func hosts(t generator.Traffic) *address.Plan {
	plan := address.Default()
	for i := range plan.Services {
		for _, pair := range plan.Services[i].Pairs {
			plan.Hosts[pair.Client].Unpadded = !t.Padded[flow.Forward]
			plan.Hosts[pair.Server].Unpadded = !t.Padded[flow.Backward]
		}
	}
	return plan
}

// service returns the application of the file and its transport.
func service(file *necstgencsv.OutputFile, app flow.Application) (flow.Application, uint8, error) {
	if app == flow.Unknown {
		app = file.Application()
	}
	proto, _ := app.Service()
	wrong := func(format string, args ...any) (flow.Application, uint8, error) {
		return 0, 0, fmt.Errorf("drawn: "+file.Name+": "+format, args...)
	}
	switch {
	case app == flow.Unknown:
		return wrong("its name does not say which application it is of: want --application, like HTTP")
	case file.HasUplinks() != (app == flow.LoRaWAN):
		return wrong("its columns are not those of %v: want another application", app)
	case proto != flow.TCP && proto != flow.UDP:
		return wrong("%v is neither of TCP nor of UDP: want another application", app)
	case file.HasFlags() && proto != flow.TCP:
		return wrong("it has TCP flags, and %v is of UDP: want another application", app)
	}
	return app, proto, nil
}

// complete gives the packets of a flow what they have of it, and takes the padding of
// TCP frames from their payload.
func complete(f *flow.Flow, proto uint8) {
	for i := range f.Packets {
		p := &f.Packets[i]
		p.FlowID, p.Application, p.Tuple = f.ID, f.Application, f.Tuple
		if proto == flow.TCP && p.Length <= flow.MinFrame && p.Flags&flow.PSH == 0 {
			p.PayloadLength = 0
		}
	}
}
