package summary

import (
	"context"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/trace"
)

// Trace is what is known of a trace: its summary, what the file says of itself, its
// LoRaWAN devices, and what is odd about it.
type Trace struct {
	*Summary
	File     pcap.Info        `json:"capture"`
	Devices  *lorawan.Devices `json:"lorawan,omitempty"` // nil: it has no uplink
	Warnings []string         `json:"warnings,omitempty"`
}

// OfTrace reads a period of a trace. An error may come beside what was read before it.
func OfTrace(ctx context.Context, data *trace.Trace, period flow.Period) (*Trace, error) {
	var devices lorawan.Devices
	var t Trace
	var err error
	t.Summary, err = Of(data.Name, devices.Watch(data.Packets(ctx, trace.Selection{Period: period})))
	t.File = data.Info()
	t.LinkTypes = t.File.LinkTypes()
	if devices.Uplinks > 0 {
		t.Devices = &devices
	}
	for _, warning := range data.Warnings() {
		t.Warnings = append(t.Warnings, warning.Error())
	}
	return &t, err
}
