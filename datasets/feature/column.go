package feature

import (
	"encoding/json"
	"fmt"
	"math"
	"sort"
)

// Kind is whether a column holds numbers or categories.
type Kind string

// The kinds.
const (
	Number   Kind = "number"
	Category Kind = "category"
)

// Scale is what a number goes through before min-max.
type Scale string

// The scales. Log is the decimal logarithm.
const (
	Linear Scale = ""
	Log    Scale = "log10"
)

// Column is one feature with its transform. The fields of the second block are
// learnt by Fit.
type Column struct {
	Name         string
	Kind         Kind
	Scale        Scale  // of a number
	Integer      bool   // a number that is decoded to a whole one
	Optional     bool   // a number that may be missing (NaN), which is encoded as 0
	Domain       Domain // of a category
	ServicePorts bool   // ports from 1024 up are one class, written 0
	TextOrder    bool   // classes are sorted as text

	Lo, Hi  float64   // of a number, after its scale
	Zero    float64   // what a zero of a logarithmic column is encoded as, after the scale
	Classes []float64 // of a category, in the order of their codes
	Common  int       // the code of the most frequent class
}

// columnJSON is a Column as it is saved: classes are texts.
type columnJSON struct {
	Name         string   `json:"name"`
	Kind         Kind     `json:"kind"`
	Scale        Scale    `json:"scale,omitempty"`
	Integer      bool     `json:"integer,omitempty"`
	Optional     bool     `json:"optional,omitempty"`
	Domain       Domain   `json:"domain,omitempty"`
	ServicePorts bool     `json:"service_ports,omitempty"`
	TextOrder    bool     `json:"text_order,omitempty"`
	Lo           float64  `json:"lo"`
	Hi           float64  `json:"hi"`
	Zero         float64  `json:"zero,omitempty"`
	Classes      []string `json:"classes,omitempty"`
	Common       int      `json:"common,omitempty"`
}

// MarshalJSON writes the column with its classes as text.
func (c Column) MarshalJSON() ([]byte, error) {
	out := columnJSON{c.Name, c.Kind, c.Scale, c.Integer, c.Optional, c.Domain, c.ServicePorts, c.TextOrder, c.Lo, c.Hi, c.Zero, nil, c.Common}
	for _, value := range c.Classes {
		out.Classes = append(out.Classes, c.Domain.Text(value))
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Column) UnmarshalJSON(text []byte) error {
	var in columnJSON
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	*c = Column{in.Name, in.Kind, in.Scale, in.Integer, in.Optional, in.Domain, in.ServicePorts, in.TextOrder, in.Lo, in.Hi, in.Zero, nil, in.Common}
	for _, class := range in.Classes {
		value, err := c.Domain.Value(class)
		if err != nil {
			return fmt.Errorf("feature: column %s: class %q: %w", c.Name, class, err)
		}
		c.Classes = append(c.Classes, value)
	}
	return c.validate()
}

func (c *Column) validate() error {
	switch {
	case c.Kind != Number && c.Kind != Category:
		return fmt.Errorf("feature: column %s: kind %q: want number or category", c.Name, c.Kind)
	case c.Scale != Linear && c.Scale != Log:
		return fmt.Errorf("feature: column %s: scale %q: want log10 or none", c.Name, c.Scale)
	case c.Kind == Number && !(c.Lo <= c.Hi):
		return fmt.Errorf("feature: column %s: range %v..%v is empty", c.Name, c.Lo, c.Hi)
	case c.Kind == Category && (c.Common < 0 || c.Common > 0 && c.Common >= len(c.Classes)):
		return fmt.Errorf("feature: column %s: common class %d: want less than %d", c.Name, c.Common, len(c.Classes))
	}
	return nil
}

// Constant reports whether the fit saw one value only: its code is always 0.
func (c *Column) Constant() bool {
	if c.Kind == Category {
		return len(c.Classes) <= 1
	}
	return c.Lo == c.Hi
}

// Encode is the code of a value, in [0, 1]. A number outside the fitted range gets
// the code of the nearer end, as does one that is not finite. A class that the fit
// did not see gets the code of the nearest number, or of the most frequent class
// where the distance of numbers means nothing.
func (c *Column) Encode(value float64) float64 {
	if c.Kind == Category {
		return c.encodeClass(value)
	}
	if c.Scale == Log {
		if value == 0 {
			value = c.Zero
		} else {
			value = math.Log10(value)
		}
	}
	switch {
	case c.Lo == c.Hi:
		return 0
	case value >= c.Lo && value <= c.Hi:
		return (value - c.Lo) / (c.Hi - c.Lo)
	case value > c.Hi:
		return 1
	}
	return 0
}

func (c *Column) encodeClass(value float64) float64 {
	if len(c.Classes) <= 1 {
		return 0
	}
	if c.ServicePorts && value >= 1024 {
		value = 0
	}
	code, distance := c.Common, math.Inf(1)
	for i, class := range c.Classes {
		if class == value {
			code = i
			break
		}
		if d := math.Abs(class - value); d < distance && c.Domain.hasDistance() {
			code, distance = i, d
		}
	}
	return float64(code) / float64(len(c.Classes)-1)
}

// Decode is the value of a code: the inverse of Encode. Codes outside [0, 1] are
// clipped, codes between two classes give the nearer one (D43), and columns of
// whole numbers are rounded (D30).
func (c *Column) Decode(code float64) float64 {
	code = min(max(code, 0), 1)
	if math.IsNaN(code) {
		code = 0
	}
	if c.Kind == Category {
		if len(c.Classes) == 0 {
			return 0
		}
		return c.Classes[int(math.Round(code*float64(len(c.Classes)-1)))]
	}
	value := c.Lo + code*(c.Hi-c.Lo)
	if c.Scale == Log {
		value = math.Pow(10, value)
	}
	if c.Integer {
		value = math.Round(value)
	}
	return value
}

// sortClasses puts classes into the order of their codes.
func (c *Column) sortClasses() {
	byText := c.TextOrder || !c.Domain.ordered()
	sort.Slice(c.Classes, func(i, j int) bool {
		if byText {
			return c.orderText(c.Classes[i]) < c.orderText(c.Classes[j])
		}
		return c.Classes[i] < c.Classes[j]
	})
}

// orderText is the text that the original sorts by: numbers are printed with a decimal.
func (c *Column) orderText(value float64) string {
	if c.Domain == NumberDomain {
		return fmt.Sprintf("%.1f", value)
	}
	return c.Domain.Text(value)
}
