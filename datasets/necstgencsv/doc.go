// Package necstgencsv reads and writes the CSV files that NeCSTGen publishes
// (https://github.com/fmeslet/NeCSTGen, folder data), so that a clone of that
// repository is a data set and what is generated here opens in its notebook.
//
// Reading: [Packets] takes packets as extracted (df_week*_*.csv) and those of one
// application (raw/df_raw_*.csv), [Generated] generated packets (output/). Columns
// are found by name.
//
// Writing: [WritePackets] in one of the published [Layout]s, [WriteProcessed] and
// [WriteProcessedUplinks] the same rows after logarithm and min-max (process/),
// [WriteFlows] tables of flows (raw/df_raw_flows_*.csv), [WriteGenerated] and
// [WriteGeneratedFlows] what a generator has drawn (output/). LoRaWAN's raw logs are
// those of package lorawan.
package necstgencsv

import "github.com/necstgen/necstgen/datasets/csvrows"

// RowError is a row that could not be read. It stands in the stream in the
// row's place, and reading goes on.
type RowError = csvrows.RowError
