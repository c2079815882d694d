package necstgencsv

import (
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
)

// Constants are the ranges and classes of the columns of a processed file, in place of
// those that its rows would give.
type Constants map[string]constant

// constant is what a column has been fitted to, after the logarithm of a logarithmic
// one.
type constant struct {
	lo, hi  float64
	zero    float64   // what stands for the logarithm of a zero; NaN: what the rows give
	classes []float64 // of a category, in the order of their codes; nil: a number
}

// fit fits a schema to rows, but for the columns that the constants name.
func (c Constants) fit(unfitted feature.Schema, rows iter.Seq2[[]float64, error]) (*feature.Encoder, error) {
	e, err := feature.Fit(unfitted, rows)
	if err != nil || len(c) == 0 {
		return e, err
	}
	schema := *e.Schema()
	schema.Columns = slices.Clone(schema.Columns)
	for i := range schema.Columns {
		column := &schema.Columns[i]
		known, ok := c[column.Name]
		switch {
		case !ok:
		case known.classes != nil:
			column.Classes, column.Common = known.classes, 0
		default:
			column.Lo, column.Hi = known.lo, known.hi
			if !math.IsNaN(known.zero) {
				column.Zero = known.zero
			}
		}
	}
	return feature.NewEncoder(schema)
}

// PublishedConstants returns the constants of the processed files that NeCSTGen
// publishes of an application, HTTP or UDP_GOOGLE_HOME: of its packets or uplinks, and
// of its flows. They are those of the authors' whole tables, of which the published files
// are the first rows, so no fit on these gives them (algorithm.md 4.1).
//
// The ranges of HTTP, SNMP, UDP_GOOGLE_HOME and LORA_1 are recovered from the published
// raw and processed files to the last digits; those of the others are known to six, and
// their flows' in part.
func PublishedConstants(application string) (packets, flows Constants, err error) {
	packets, ok := publishedPacketConstants[application]
	if !ok {
		names := slices.Sorted(maps.Keys(publishedPacketConstants))
		return nil, nil, fmt.Errorf("necstgencsv: no published constants of %q: want one of %s", application, strings.Join(names, ", "))
	}
	return packets, publishedFlowConstants[application], nil
}

// between is a range without a stand-in for zeros.
func between(lo, hi float64) constant { return constant{lo: lo, hi: hi, zero: math.NaN()} }

// imputed is a range with what stands for the logarithm of a zero (D11).
func imputed(lo, hi, zero float64) constant { return constant{lo: lo, hi: hi, zero: zero} }

// classes are a category's values in the order of their codes.
func classes(values ...float64) constant { return constant{classes: values} }

// unseen stands for a class of which only the code is known: no row has it.
const unseen = -1

var publishedPacketConstants = map[string]Constants{
	"HTTP": {
		"flags":        classes(2, 4, 16, 17, 18, 24, 25),
		"length_total": between(60, 1514), "header_length": between(54, 58), "payload_length": between(2, 1460),
		"time_diff":               imputed(-4.237053631009273, 3.0389734348767306, -2.797291022258815),
		"rate":                    imputed(-1.2608221844930867, 7.2914721527602655, 4.99428367077408),
		"rolling_rate_byte_sec":   between(1.7781512503836436, 5.957595795102576),
		"rolling_rate_byte_min":   between(1.7781512503836436, 6.454216278368624),
		"rolling_rate_packet_sec": between(0, 2.841359470454855),
		"rolling_rate_packet_min": between(0, 3.5793262037552545),
	},
	"SMTP": {
		"flags":        classes(2, 4, 16, 17, 18, unseen, 24),
		"length_total": between(60, 1514), "header_length": between(54, 59), "payload_length": between(1, 1460),
		"time_diff": between(-4.30148, 4.26793), "rate": between(-2.48977, 7.27387),
		"rolling_rate_byte_sec": between(1.77815, 5.31956), "rolling_rate_byte_min": between(1.77815, 5.93046),
		"rolling_rate_packet_sec": between(0, 2.35984), "rolling_rate_packet_min": between(0, 3.25935),
	},
	"SNMP": {
		"length_total": between(143, 183), "header_length": between(42, 42), "payload_length": between(101, 141),
		"time_diff":               imputed(-3.298892321310843, 4.82696487659341, 2.323603754731206),
		"rate":                    imputed(-2.6068567885533547, 5.463245177095244, 2.3236037547312174),
		"rolling_rate_byte_sec":   between(2.155336037465062, 3.2068258760318495),
		"rolling_rate_byte_min":   between(2.155336037465062, 4.283052342854391),
		"rolling_rate_packet_sec": between(0, 1),
		"rolling_rate_packet_min": between(0, 2.093421685162235),
	},
	"TCP_GOOGLE_HOME": {
		"flags":        classes(16, 17, 18, 2, 20, 24, unseen, 4),
		"count_pkt":    classes(1, 10, 11, 12, 2, 3, 4, 5, 6, 7, 8, 9),
		"length_total": between(54, 17850), "header_length": between(34, 58), "payload_length": between(1, 61474),
		"time_diff": imputed(-6.32163, 4.87136, 4.87136), "rate": imputed(0.22093, 9.50176, 4.87136),
		"rolling_rate_byte_sec": between(1.81954, 6.14045), "rolling_rate_byte_min": between(1.81954, 6.85922),
		"rolling_rate_packet_sec": between(0, 3.17609), "rolling_rate_packet_min": between(0, 3.91645),
	},
	"UDP_GOOGLE_HOME": {
		"layers_4":                classes(float64(flow.NoLayer), unseen, float64(flow.LayerDataLength), float64(flow.LayerPayload)),
		"applications":            classes(unseen, float64(flow.QUIC)),
		"length_total":            between(1.7781512503836436, 3.1436392352745433),
		"header_length":           between(1.5314789170422551, 1.5314789170422551),
		"payload_length":          between(1.414973347970818, 3.132899769944483),
		"time_diff":               imputed(-6.145538649887924, 3.418245636629597, 3.418245636629597),
		"rate":                    imputed(0.5069298924217085, 9.289177885162466, 3.418245636629597),
		"rolling_rate_byte_sec":   between(1.7781512503836439, 5.082282589912437),
		"rolling_rate_byte_min":   between(1.8061799739838873, 5.393030897514415),
		"rolling_rate_packet_sec": between(0, 2.136720567156407),
		"rolling_rate_packet_min": between(0, 2.602059991327963),
	},
	"LORA_1": {
		"spreading_factor": classes(10, 11, 12, 7, 8, 9),
		"fcnt":             between(0, 0), // the logarithm of its zeros has emptied the column (D10)
		"length_total":     between(36, 144), "header_length": between(9, 9), "payload_length": between(20, 128),
		"snr": between(-23, 13), "rssi": between(-131, -53),
		"time_diff":               imputed(-4.05563353844854, 3.232996237127418, 1.1307578741810929),
		"rate":                    imputed(-1.4979761571469044, 6.055633538448527, 0.5859041886963228),
		"rolling_rate_byte_sec":   between(1.5563025007672873, 2.4216039268698313),
		"rolling_rate_byte_min":   between(1.6020599913279625, 3.0806264869218056),
		"rolling_rate_packet_sec": between(0, 0.6020599913279624),
		"rolling_rate_packet_min": between(0, 1.2041199826559248),
	},
	"LORA_10": {
		"spreading_factor": classes(10, 11, 12, 7, 8, 9), "fcnt": between(0, 0),
		"length_total": between(33, 53), "header_length": between(9, 9), "payload_length": between(24, 44),
		"snr": between(-22, 7.5), "rssi": between(-129, -55),
		"time_diff": between(-4.14265, 2.85318), "rate": between(-1.19997, 5.79587),
		"rolling_rate_byte_sec": between(1.51851, 2.15534), "rolling_rate_byte_min": between(1.5682, 2.73239),
		"rolling_rate_packet_sec": between(0, 0.47712), "rolling_rate_packet_min": between(0, 1.07918),
	},
}

var publishedFlowConstants = map[string]Constants{
	"HTTP": {
		"flow_id_count":           between(0.6989700043360189, 3.3163897510731952),
		"length_total_sum":        between(2.6232492903979003, 6.418813854048158),
		"length_total_std":        imputed(1.6487902906754526, 8.963934846818178, 8.963934846818178),
		"timestamps_min":          between(8.963926633164267, 8.963948730185018),
		"header_length_std":       imputed(-1.1809380037379373, 0.3406206186877936, -1.1809380037379373),
		"payload_length_std":      imputed(-1.1809380037379371, 2.8673078868818083, -1.1809380037379371),
		"time_diff":               imputed(-3.7959373844387256, 3.0394576732661447, -1.1809380037380133),
		"rate":                    imputed(0.20458254124911449, 7.628012562643872, 4.658245447083265),
		"rolling_rate_byte_sec":   between(2.8457180179666586, 6.418813854048158),
		"rolling_rate_byte_min":   between(2.9552065375419416, 6.454234590551755),
		"rolling_rate_packet_sec": between(0, 1.5440680443502757),
		"rolling_rate_packet_min": between(0, 2.419955748489758),
	},
	"SMTP": {"flow_id_count": between(0.30103, 2.31806), "length_total_sum": between(2.07918, 5.1783),
		"time_diff": between(-2.88874, 5.91189), "rate": between(-2.40946, 6.42086)},
	"SNMP": {
		"flow_id_count":           between(0.6020599913279624, 4.9138826984907515),
		"length_total_sum":        between(2.7895807121644256, 7.104812130099129),
		"length_total_std":        between(0.8356476741741979, 1.2778494473594506),
		"timestamps_min":          between(8.96392720359587, 8.964618809017454),
		"payload_length_std":      between(0.8356476741742009, 1.2778494473594506),
		"time_diff":               imputed(1.3086528167840918, 5.9729958713413644, 3.663333127317954),
		"rate":                    imputed(-1.9886486137555044, 3.3465782704955496, 1.2778542235114119),
		"rolling_rate_byte_sec":   between(2.7895807121644256, 7.104812130099129),
		"rolling_rate_byte_min":   between(2.7895807121644256, 7.104812130099129),
		"rolling_rate_packet_sec": between(0, 0),
		"rolling_rate_packet_min": between(0, 0.3010299956639812),
	},
	"TCP_GOOGLE_HOME": {"flow_id_count": between(0, 3.8836), "length_total_sum": between(1.81954, 6.84638),
		"time_diff": between(-4.45534, 2.38988), "rate": between(-0.270487, 9.33553)},
	"UDP_GOOGLE_HOME": {
		"flow_id_count":           between(0, 2.167317334748176),
		"length_total_sum":        between(1.7781512503836439, 5.105983393012988),
		"length_total_std":        imputed(0.3266062568876718, 9.194291093469879, 9.194291093469879),
		"timestamps_min":          between(9.194254529700714, 9.194326519240583),
		"payload_length_std":      imputed(-0.16657401756496623, 2.9798187706630155, -0.16657401756496623),
		"time_diff":               imputed(-4.443682957314417, 2.0796146395437827, -0.16657401756496615),
		"rate":                    imputed(-0.0457354655062447, 9.218251013506165, 3.1646375179165704),
		"rolling_rate_byte_sec":   between(1.7853298350107671, 5.106619198956042),
		"rolling_rate_byte_min":   between(1.9395192526186185, 5.410235503301698),
		"rolling_rate_packet_sec": between(0, 1.2041199826559248),
		"rolling_rate_packet_min": between(0, 1.4771212547196624),
	},
}
