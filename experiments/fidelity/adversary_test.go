package fidelity

import "testing"

// TestColumns: each value that an adversary sees has a name.
func TestColumns(t *testing.T) {
	s := newSample(simulate(20, 3, web), 1000)
	for _, a := range adversaries() {
		rows := a.rows(s)
		if a.uplinks {
			continue // of TCP there are none
		}
		columns := a.columns
		if columns == nil {
			columns = packetColumns(windowPackets, windowFieldNames[:5])
		}
		if len(rows) == 0 || len(rows[0].values) != len(columns) {
			t.Errorf("%s: %d rows, %d values, %d names", a.name, len(rows), len(rows[0].values), len(columns))
		}
	}
	if len(uplinkRows(newSample(simulateDevices(5, 1, 0, 0), 1000))[0].values) != len(uplinkColumns) {
		t.Error("the columns of uplinks do not have one name each")
	}
}

// What the source of one side does not tell is looked at on neither side, and nothing else is left out.
func TestLeaveOut(t *testing.T) {
	a := &adversary{columns: []string{"client port", "first time to live of the client", "different times to live of the client", "last receive window of the client"}, told: []string{"to live", "receive window"}}
	real := []row{{values: []float64{5, 0, 1, 700}}, {values: []float64{6, -1, -1, 900}}}
	synthetic := []row{{values: []float64{7, 64, 1, 800}}}
	a.leaveOut(real, synthetic)
	for _, tt := range []struct {
		got  row
		want [4]float64
	}{
		{real[0], [4]float64{5, 0, 0, 700}},
		{real[1], [4]float64{6, 0, 0, 900}},
		{synthetic[0], [4]float64{7, 0, 0, 800}},
	} {
		if [4]float64(tt.got.values) != tt.want {
			t.Errorf("got %v, want %v", tt.got.values, tt.want)
		}
	}
}
