// Package page is what the pages of this program look like: one style, light or dark as
// the reader's system asks for, for screens from 400 pixels on and for paper. Pages that
// are written as files embed it; those that are served refer to it.
package page

import (
	_ "embed"
	"html/template"
	"strings"

	"github.com/necstgen/necstgen/experiments/figure"
)

//go:embed style.css
var style string

// Style returns the rules of the style, with the colours of figures on a dark background.
// A page adds rules of its own behind them. Its variables are --ink and --paper, --soft
// (of less important text), --line, --best (behind values that stand out) and --bad.
func Style() template.CSS {
	return template.CSS(strings.Replace(style, "/* figures */", figure.Style(), 1))
}
