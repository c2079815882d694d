package notebook_test

import (
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// A cell looks into a capture. Outside a notebook the table is text.
func Example() {
	packets := notebook.Packets("testbed")
	notebook.Show(packets.Group("application").Count().Mean("length").Descending("count").Head(3))
	// Output:
	// application  count  length_mean
	// HTTP         70539  685.66
	// SMTP         17111  408.45
	// SNMP         9972   179.44
}
