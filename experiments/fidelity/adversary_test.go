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
