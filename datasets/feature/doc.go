// Package feature turns packets into named numbers in [0, 1] and back: the
// features of NeCSTGen (Meslet-Millet et al.; algorithm.md sections 3 to 5),
// each column with its own fitted transform and the exact inverse.
//
// A row is one packet: a float64 per column. Columns of categories hold a number
// too (a TCP flags byte, a port, a flow.LayerName), which a Domain shows as text.
//
// An Extractor computes rows from packets one after the other and keeps only the
// sums of the last two minutes. Fit learns the transforms of a Schema; the
// Encoder that it returns encodes and decodes, and is saved as JSON.
//
// Definitions are the corrected ones; the original's are switched on in Compat.
package feature
