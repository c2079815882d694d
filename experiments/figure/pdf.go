package figure

import (
	"bytes"
	"io"
	"regexp"

	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgpdf"
)

// created is the time that a PDF file carries, in place of the time at which it is written.
var created = regexp.MustCompile(`D:\d{14}`)

// WritePDF writes the figure as a PDF file of one page of its size, with its letters in
// it. The same figure gives the same bytes.
func (f *Figure) WritePDF(w io.Writer) error {
	c := pdfCanvas{vgpdf.New(f.width, f.height)}
	f.draw(draw.NewCanvas(c, f.width, f.height))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return err
	}
	_, err := w.Write(created.ReplaceAll(b.Bytes(), []byte("D:20000101000000")))
	return err
}

// pdfCanvas is a page whose letters have the codes of Windows-1252, which is what vgpdf's
// fonts are encoded in; it takes text as it comes.
type pdfCanvas struct{ *vgpdf.Canvas }

// FillString implements vg.Canvas.
func (c pdfCanvas) FillString(face font.Face, at vg.Point, text string) {
	c.Canvas.FillString(face, at, windows1252(text))
}

// windows1252 encodes a text; a letter that the code page lacks becomes a question mark.
// It is Latin-1 but for a few signs, of which figures use the dash.
func windows1252(text string) string {
	var b []byte
	for _, r := range text {
		switch {
		case r < 0x80 || r >= 0xa0 && r <= 0xff:
			b = append(b, byte(r))
		case r == '–':
			b = append(b, 0x96)
		default:
			b = append(b, '?')
		}
	}
	return string(b)
}
