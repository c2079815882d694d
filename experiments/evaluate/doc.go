// Package evaluate scores a file of synthetic traffic against a file of real traffic,
// whatever the two are: captures, packet tables, NeCSTGen's published packets, logs of
// LoRaWAN gateways, generated packets (NeCSTGen's output files, the authors' or ours),
// and tables of flows.
//
// [Files] is all of it. Generated packets name their flow by a label and have no
// addresses, so the flows of the other side are taken by their labels too, where they
// have some. An output without labels is one timeline: both sides are cut into the same
// segments, as runs without flows do. What generated packets do not tell (addresses,
// starts of flows, padding) is taken from the other side as well; scores that need it
// say so in place of a value.
package evaluate
