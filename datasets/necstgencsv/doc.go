// Package necstgencsv reads and writes the CSV files that NeCSTGen publishes
// (https://github.com/fmeslet/NeCSTGen, folder data), so that a clone of that
// repository is a data set and what is generated here opens in its notebook.
//
// The folder holds packets as extracted (df_week*_*.csv), packets of one
// application with features (raw/df_raw_*.csv), the same rows after logarithm
// and min-max (process/), tables of flows (raw/df_raw_flows_*.csv) and generated
// traffic (output/). Columns are found by name. LoRaWAN logs are read by package
// lorawan.
package necstgencsv

import "github.com/necstgen/necstgen/datasets/csvrows"

// RowError is a row that could not be read. It stands in the stream in the
// row's place, and reading goes on.
type RowError = csvrows.RowError
