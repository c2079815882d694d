package stage

import (
	"context"
	"fmt"

	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/config"
)

// OpenData opens the trace that the configuration names: the user's own file, or a
// data set of the catalog. A run reads it several times, so it is never a pipe.
func OpenData(ctx context.Context, d config.Data) (*trace.Trace, error) {
	switch {
	case d.Path != "":
		t, err := trace.OpenFile(ctx, d.Path, nil)
		if err != nil {
			return nil, fmt.Errorf("data.path: %w", err)
		}
		return t, nil
	case d.Name != "":
		t, err := trace.Open(ctx, d.Name, nil)
		if err != nil {
			return nil, fmt.Errorf("data.name = %q: %w", d.Name, err)
		}
		return t, nil
	}
	return nil, fmt.Errorf("data.path is not set: give the capture to learn from, as in data.path=my.pcap, or a data set as data.name=testbed")
}

// selection is what of the trace the configuration asks for.
func selection(d config.Data) trace.Selection {
	gateway, _ := config.ParseGateway(d.Gateway) // validated
	return trace.Selection{Application: d.Application, Port: d.Port, Gateway: gateway, Limit: d.Limit}
}
