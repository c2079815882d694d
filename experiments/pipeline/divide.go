package pipeline

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// OwnFlows is how many flows an application or service needs to be learnt by itself where a
// whole capture is learnt, and PooledFlows how many all others of a transport need.
const (
	OwnFlows    = generator.FewFlows + leastHeldOut
	PooledFlows = generator.MinFlows + leastHeldOut
)

// censusOf counts the flows of a trace, in one pass. Damaged records are left out.
func censusOf(ctx context.Context, data *trace.Trace, s trace.Selection, a flow.Assembler) (*flow.Census, error) {
	c := new(flow.Census)
	for row, err := range a.Table(data.Packets(ctx, s)) {
		switch {
		case err == nil:
			c.Add(&row)
		case !flow.IsRecordError(err):
			return nil, err
		}
	}
	return c, nil
}

// divide returns the applications that data.application = "all" stands for, which takes
// reading the data once.
func (s *Session) divide(ctx context.Context, d config.Data, read *digested) (flow.Applications, error) {
	params, err := json.Marshal(packetsOf(d))
	if err != nil {
		return nil, err
	}
	key := read.sum + string(params)
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.divisions[key]; known != nil {
		return known, nil
	}
	opened, err := read.open(ctx)
	if err != nil {
		return nil, err
	}
	defer opened.Close()
	data := opened.(*input).Trace // as digestData has it
	p := packetsOf(d)
	census, err := censusOf(ctx, data, p.selection(), *p.assembler())
	if err != nil {
		return nil, err
	}
	parts, left := census.Divide(OwnFlows, PooledFlows)
	if len(parts) == 0 {
		return nil, fmt.Errorf("%s: no application, and no transport, has %d flows to learn from: data info lists what there is; there are%s", data.Name, PooledFlows, leftOut(left))
	}
	if len(left) > 0 && s.options.Warn != nil {
		s.options.Warn(fmt.Sprintf("%s: not learnt are%s", data.Name, leftOut(left)))
	}
	var apps flow.Applications
	for _, n := range parts {
		apps = append(apps, n.Application)
	}
	s.divisions[key] = apps
	return apps, nil
}

// leftOut lists the parts that are not learnt: too small, or without network addresses.
func leftOut(left []flow.Count) (text string) {
	for i, n := range left {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprintf(" %d flows of %s (%s)", n.Flows, n.Application, n.LeftOut(PooledFlows))
	}
	return text
}
