package all_test

import (
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/necstgencsv"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/testbed"
	"github.com/necstgen/necstgen/gomlxmodels/device/devicetest"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/gentest"
	"github.com/necstgen/necstgen/gomlxmodels/generator/paper"
)

// embeddedHTTP is the HTTP of the embedded capture: a capture without padding.
func embeddedHTTP(t *testing.T) (flows []*flow.Flow) {
	r, err := testbed.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all, _, err := flow.Collect((&flow.Assembler{}).Flows(pcap.Packets(r, testbed.Name)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		if f.Application == flow.HTTP {
			flows = append(flows, f)
		}
	}
	return flows
}

// connectionShares are the shares of flows that begin with SYN, SYN/ACK and ACK, and of
// those in which both ends send a FIN and the last packet acknowledges the second.
func connectionShares(flows []*flow.Flow) (opened, closed float64) {
	for _, f := range flows {
		p := f.Packets
		if len(p) < 3 {
			continue
		}
		if p[0].Flags == flow.SYN && p[1].Flags == flow.SYN|flow.ACK && p[2].Flags&(flow.ACK|flow.SYN) == flow.ACK &&
			p[0].Direction == flow.Forward && p[1].Direction == flow.Backward && p[2].Direction == flow.Forward {
			opened += 1 / float64(len(flows))
		}
		fins := [2]int{-1, -1}
		for i := range p {
			if p[i].Flags&flow.FIN != 0 {
				fins[p[i].Direction] = i
			}
		}
		second := max(fins[0], fins[1])
		if last := p[len(p)-1]; min(fins[0], fins[1]) >= 0 && second < len(p)-1 && last.Direction != p[second].Direction && last.Flags&flow.RST == 0 {
			closed += 1 / float64(len(flows))
		}
	}
	return opened, closed
}

// Acceptance check 7 (algorithm.md section 15): the paper's generator begins connections
// with a handshake and closes them as the original ones are, whether the link pads frames
// or not. NeCSTGen's published output does in 0 and in 4.5 percent of its connections.
func TestConnectionsOpenAndClose(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: trains")
	}
	for _, tt := range []struct {
		name  string
		flows func(t *testing.T) []*flow.Flow
	}{
		{"padded", published("raw/df_raw_HTTP.csv", necstgencsv.Packets)},
		{"bare", embeddedHTTP},
	} {
		t.Run(tt.name, func(t *testing.T) {
			flows := tt.flows(t)
			flows = flows[:min(400, len(flows))]
			s := generator.DefaultSettings()
			s.VAE.Epochs, s.VAE.Batch, s.GMM.Components = 15, 64, 8
			s.LSTM.Units, s.LSTM.Epochs, s.LSTM.Batch, s.LSTM.Dropout = 24, 25, 64, 0
			l := gentest.Learn(t, devicetest.XLA(t), paper.Name, s, flows)
			made := flowsOf(t, l.Load(t), generator.Request{Flows: 1000, Seed: 7, Start: flows[0].Start()})
			opened, closed := connectionShares(made)
			realOpened, realClosed := connectionShares(flows)
			t.Logf("handshakes %.3f (real %.3f), closed %.3f (real %.3f)", opened, realOpened, closed, realClosed)
			if opened < 0.99 || closed < realClosed-0.05 || closed < 0.9 {
				t.Errorf("handshakes %.3f, closed %.3f: want at least 0.99, and %.3f less 0.05", opened, closed, realClosed)
			}
		})
	}
}
