package address

import (
	"strings"
	"testing"
)

// A window never falls as more is received, and never with luck; at the counts of the rows
// it is what they say.
func TestWindowGrown(t *testing.T) {
	w := linuxWindow()
	for _, luck := range []float64{0, 0.1, 0.25, 0.5, 0.9, 0.9999} {
		last := int64(0)
		for n := range 1000 {
			above := w.Grown(n, luck)
			if above < last || luck > 0.1 && above < w.Grown(n, luck-0.1) {
				t.Fatalf("luck %g: %d bytes after %d segments, %d before", luck, above, n, last)
			}
			last = above
		}
	}
	for row := range w.Growth {
		if got, want := w.Grown(1<<row, 0.5), w.Growth[row][2]; got != want {
			t.Errorf("%d bytes after %d segments, want the median %d", got, 1<<row, want)
		}
	}
	if fixed := (Window{}); fixed.Grown(100, 0.5) != 0 {
		t.Error("a window without growth grows")
	}
}

func TestReceivedCounts(t *testing.T) {
	var r Received
	for i, c := range []struct {
		payload int32
		want    bool
	}{{500, false}, {1151, false}, {1152, true}, {127, false}, {128, true}, {0, false}, {1460, true}} {
		if got := r.Counts(c.payload); got != c.want {
			t.Errorf("segment %d of %d bytes counts: %t, want %t", i, c.payload, got, c.want)
		}
	}
}

func TestWindowRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(h *Host)
		want   string
	}{
		{"scale", func(h *Host) { h.Window.Scale = 15 }, "hosts[0]: window.scale is 15, want 0 to 14"},
		{"growth", func(h *Host) { h.Window.Growth = [][5]int64{{-1}} }, "window.growth[0] has -1"},
		{"resets", func(h *Host) { h.Window.ResetZero[1] = 2 }, "window.reset_zero has 2"},
		{"options", func(h *Host) { h.SYNOptions = 5 }, "hosts[0].syn_options is 5"},
	} {
		plan := Default()
		c.change(&plan.Hosts[0])
		if err := plan.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", c.name, err, c.want)
		}
	}
}
