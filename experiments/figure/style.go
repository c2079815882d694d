package figure

import (
	"fmt"
	"image/color"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	titleSize = 12.5
	textSize  = 10.5
	margin    = vg.Length(6)
)

var (
	paper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ink   = color.RGBA{0x22, 0x22, 0x22, 0xff}
	muted = color.RGBA{0x55, 0x55, 0x55, 0xff}
	grid  = color.RGBA{0xe2, 0xe2, 0xe2, 0xff}
)

// palette is Okabe and Ito's without black and yellow, their orange and sky blue darker,
// so that lines of any of them have a contrast of 3 to 1 on paper.
var palette = []color.RGBA{
	{0xd5, 0x5e, 0x00, 0xff}, {0x00, 0x72, 0xb2, 0xff}, {0x00, 0x9e, 0x73, 0xff},
	{0xcc, 0x79, 0xa7, 0xff}, {0xbf, 0x84, 0x00, 0xff}, {0x3a, 0x95, 0xcc, 0xff},
}

// looks are the looks of sides in their order: real data first, then synthetic ones.
var looks = []draw.LineStyle{
	{Color: ink, Width: 1.8},
	{Color: palette[0], Width: 1.8, Dashes: []vg.Length{5, 2.5}},
	{Color: palette[1], Width: 1.5, Dashes: []vg.Length{1.5, 2}},
	{Color: palette[2], Width: 1.5, Dashes: []vg.Length{8, 2, 1.5, 2}},
	{Color: palette[3], Width: 1.5, Dashes: []vg.Length{3, 1.5}},
	{Color: palette[4], Width: 1.5, Dashes: []vg.Length{10, 3}},
	{Color: palette[5], Width: 1.5, Dashes: []vg.Length{1.5, 1, 4, 1}},
}

// look returns the look of side i; the last look serves all beyond.
func look(i int) draw.LineStyle { return looks[min(i, len(looks)-1)] }

// faint returns a colour mixed with white, for areas.
func faint(c color.Color) color.RGBA {
	r, g, b, _ := c.RGBA()
	mix := func(x uint32) uint8 { return uint8((x>>8 + 3*255) / 4) }
	return color.RGBA{mix(r), mix(g), mix(b), 0xff}
}

// darker returns a colour that stands out against the same colour.
func darker(c color.RGBA) color.RGBA {
	return color.RGBA{uint8(int(c.R) * 7 / 10), uint8(int(c.G) * 7 / 10), uint8(int(c.B) * 7 / 10), 0xff}
}

// tone is a colour of the figures, by its name as a variable of a page's style, and
// what it is on a dark background.
type tone struct {
	name        string
	light, dark color.RGBA
}

// tones lists every colour that changes with the background.
func tones() []tone {
	list := []tone{
		{"paper", paper, color.RGBA{0x16, 0x18, 0x1c, 0xff}},
		{"ink", ink, color.RGBA{0xe8, 0xe8, 0xe8, 0xff}},
		{"muted", muted, color.RGBA{0xb0, 0xb4, 0xba, 0xff}},
		{"grid", grid, color.RGBA{0x3a, 0x3e, 0x44, 0xff}},
		{"ink-faint", faint(ink), color.RGBA{0x55, 0x58, 0x5d, 0xff}},
	}
	brighter := []color.RGBA{{0xff, 0x8c, 0x3c, 0xff}, {0x5a, 0xb0, 0xff, 0xff}, {0x2c, 0xc8, 0x9a, 0xff}, {0xe6, 0x9f, 0xc6, 0xff}, {0xf2, 0xbc, 0x40, 0xff}, {0x8a, 0xd0, 0xf5, 0xff}}
	dim := func(c color.RGBA) color.RGBA { return color.RGBA{c.R/4 + 0x14, c.G/4 + 0x14, c.B/4 + 0x16, 0xff} }
	for i, c := range palette {
		name := fmt.Sprintf("side-%d", i+1)
		list = append(list, tone{name, c, brighter[i]}, tone{name + "-faint", faint(c), dim(brighter[i])}, tone{name + "-edge", darker(c), brighter[i]})
	}
	return list
}

// hex writes a colour as SVG does.
func hex(c color.RGBA) string { return fmt.Sprintf("#%02X%02X%02X", c.R, c.G, c.B) }

// themed replaces each colour of a picture by a variable that falls back to it.
var themed = func() *strings.Replacer {
	var pairs []string
	for _, t := range tones() {
		pairs = append(pairs, ":"+hex(t.light), fmt.Sprintf(":var(--figure-%s,%s)", t.name, hex(t.light)))
	}
	return strings.NewReplacer(pairs...)
}()

// Style returns the rules of a page's style that give the elements of figures their
// colours on a dark background.
func Style() string {
	var b strings.Builder
	b.WriteString(":root {")
	for _, t := range tones() {
		fmt.Fprintf(&b, " --figure-%s: %s;", t.name, hex(t.dark))
	}
	b.WriteString(" }")
	return b.String()
}

// textStyle returns the style of letters.
func textStyle(size vg.Length, c color.Color) draw.TextStyle {
	f := font.Font{Typeface: "Liberation", Variant: "Sans"}
	return draw.TextStyle{Color: c, Font: font.From(f, size), Handler: plot.DefaultTextHandler}
}
