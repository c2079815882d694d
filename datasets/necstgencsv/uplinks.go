package necstgencsv

import (
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/lorawan"
)

// gatewayColumn is where the gateway stands among the columns of a processed file
// of uplinks: behind the other categories.
const gatewayColumn = 8

// processedUplinkColumns are the columns of a processed file of LoRaWAN uplinks
// (process/df_process_LORA_*.csv): the categories, then the numbers.
func processedUplinkColumns() []string {
	return slices.Insert(slices.Clone(feature.LoRaWAN.Columns()), gatewayColumn, "gateway")
}

// WriteProcessedUplinks fits the columns to uplinks, which are read twice, and
// writes their codes. A gateway's code is its rank among all gateways by name. Constants
// are as WriteProcessed has them.
func WriteProcessedUplinks(w io.Writer, uplinks iter.Seq2[lorawan.Uplink, error], compat feature.Compat, constants Constants) error {
	schema, err := feature.LoRaWAN.Schema(compat)
	if err != nil {
		return fmt.Errorf("necstgencsv: %w", err)
	}
	gateways := make(map[string]float64)
	gateway := ""
	seen := func(yield func(lorawan.Uplink, error) bool) {
		for u, err := range uplinks {
			if err == nil {
				gateway = u.Gateway
				gateways[gateway] = gateways[gateway] // 0 for a new one
			}
			if !yield(u, err) {
				return
			}
		}
	}
	e, err := constants.fit(schema, lorawan.Extract(seen, compat))
	if err != nil {
		return err
	}
	for rank, name := range slices.Sorted(maps.Keys(gateways)) {
		gateways[name] = float64(rank) / float64(max(1, len(gateways)-1))
	}
	return writeNumbers(w, processedUplinkColumns(), func(yield func([]float64, error) bool) {
		var codes []float64
		for row, err := range lorawan.Extract(seen, compat) {
			if err == nil {
				codes = slices.Insert(e.Encode(codes[:0], row), gatewayColumn, gateways[gateway])
			}
			if !yield(codes, err) {
				return
			}
		}
	})
}
