// Package drawn makes a source of flows of a file of generated packets, NeCSTGen's
// output files, the authors' or ours, so that they become a capture or a table like
// those of a saved run.
//
// [Open] reads the file. What it does not say is added by rules: hosts come from
// address.Default, the server's port and the payload from the application, and starts of
// flows from a table of flows or one after the other. Package tcp mends what no
// connection can have, and counts it.
package drawn
