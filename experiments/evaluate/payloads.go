package evaluate

import (
	"context"
	"fmt"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/fidelity/identifier"
)

// payloads reads the files again for what their packets say, since flows do not keep it.
// The real ones are read for the flows of the split alone. Where that cannot be done,
// reason says why.
func (c *comparison) payloads(ctx context.Context, split fidelity.Split) (found *identifier.Original, reason string, err error) {
	if name := c.generated(); name != "" {
		return nil, name + " has no payloads", nil
	}
	if len(c.once) > 0 {
		return nil, strings.Join(c.once, " and ") + " can be read only once, and payloads take a second time", nil
	}
	found = identifier.New()
	real := []struct {
		name  string
		parts func(int64) (identifier.Part, bool)
	}{{c.Real, identifier.PartsOf(split.Training, split.HeldOut)}}
	if c.Training != "" {
		real[0].parts = identifier.PartsOf(nil, split.HeldOut)
		real = append(real, real[0])
		real[1].name, real[1].parts = c.Training, identifier.PartsOf(split.Training, nil)
	}
	for _, side := range real {
		if err := c.again(ctx, side.name, func(data *trace.Trace) error {
			return found.AddAll(data.Packets(ctx, trace.Selection{Applications: c.Applications, Period: c.Period}), flow.Assembler{}, side.parts)
		}); err != nil {
			return nil, "", err
		}
	}
	err = c.again(ctx, c.Synthetic, func(data *trace.Trace) error {
		return found.LookAll(data.Packets(ctx, trace.Selection{Applications: c.Applications}))
	})
	return found, "", err
}

// again opens a file once more.
func (c *comparison) again(ctx context.Context, name string, read func(*trace.Trace) error) error {
	data, err := c.Open(ctx, name)
	if err == nil {
		defer data.Close()
		err = read(data)
	}
	if err != nil {
		return fmt.Errorf("evaluate: payloads of %s: %w", name, err)
	}
	return nil
}
