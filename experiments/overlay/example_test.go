package overlay_test

import (
	"fmt"
	"time"

	"github.com/necstgen/necstgen/experiments/overlay"
)

// A time of day is the first one behind the start.
func ExampleAt() {
	var at overlay.At
	if err := at.UnmarshalText([]byte("13:05")); err != nil {
		fmt.Println(err)
		return
	}
	for _, start := range []string{"2026-01-31T12:00:00Z", "2026-01-31T14:00:00Z"} {
		t, err := time.Parse(time.RFC3339, start)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(time.Unix(0, at.After(t.UnixNano())).UTC())
	}
	// Output:
	// 2026-01-31 13:05:00 +0000 UTC
	// 2026-02-01 13:05:00 +0000 UTC
}
