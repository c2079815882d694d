package figure

import (
	"image/color"
	"math"
	"strings"
	"testing"
)

// contrast is the contrast ratio of two colours as WCAG 2.2 defines it.
func contrast(a, b color.RGBA) float64 {
	luminance := func(c color.RGBA) float64 {
		linear := func(v uint8) float64 {
			s := float64(v) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
	}
	high, low := luminance(a), luminance(b)
	if high < low {
		high, low = low, high
	}
	return (high + 0.05) / (low + 0.05)
}

// TestContrast: on both backgrounds lines and marks have a contrast of 3 at least, letters
// of 4.5 (WCAG 2.2, 1.4.11 and 1.4.3).
func TestContrast(t *testing.T) {
	all := tones()
	for _, one := range all[1:] {
		least := 3.0
		switch {
		case one.name == "grid" || strings.HasSuffix(one.name, "-faint"):
			continue // they are behind what is read
		case one.name == "ink" || one.name == "muted":
			least = 4.5
		}
		if light, dark := contrast(one.light, all[0].light), contrast(one.dark, all[0].dark); light < least || dark < least {
			t.Errorf("%s: contrast %.2f on light, %.2f on dark, want %g", one.name, light, dark, least)
		}
	}
}
