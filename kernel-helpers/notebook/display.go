package notebook

import (
	"fmt"

	"github.com/janpfeifer/gonb/gonbui"
	"github.com/janpfeifer/gonb/gonbui/protocol"
)

// IsCell reports whether this program is a cell of a Go notebook.
func IsCell() bool { return gonbui.IsNotebook }

// display shows content and waits until the kernel has taken it: an output of its own, or,
// with an id, in the place of what had that id before. Outside a notebook the text is
// written to the standard output.
func display(c content, id string) error {
	if !IsCell() {
		_, err := fmt.Print(c.plain)
		return err
	}
	d := &protocol.DisplayData{DisplayID: id, Data: map[protocol.MIMEType]any{protocol.MIMETextPlain: c.plain}}
	for kind, text := range map[protocol.MIMEType]string{protocol.MIMETextHTML: c.html, protocol.MIMETextMarkdown: c.markdown, protocol.MIMEImageSVG: c.svg} {
		if text != "" {
			d.Data[kind] = text
		}
	}
	if c.png != nil {
		d.Data[protocol.MIMEImagePNG] = c.png
		d.Metadata = map[string]any{string(protocol.MIMEImagePNG): map[string]int{"width": c.width}}
	}
	gonbui.SendData(d)
	gonbui.Sync()
	if err := gonbui.Error(); err != nil {
		return fmt.Errorf("notebook: %w", err)
	}
	return nil
}

// Output is an output of a cell that is drawn again while the cell works. The notebook
// keeps what was shown last. The zero value is ready.
type Output struct{ id string }

// Show draws the output again, as the function Show does. Outside a notebook it shows
// nothing.
func (o *Output) Show(thing any) error {
	if !IsCell() {
		return nil
	}
	c, err := contentOf(thing)
	if err != nil {
		return err
	}
	if o.id == "" {
		o.id = "necstgen-" + gonbui.UniqueId()
	}
	return display(c, o.id)
}

// Finish draws the output for the last time. Outside a notebook, where nothing was drawn
// before, it is shown.
func (o *Output) Finish(thing any) error {
	if IsCell() {
		return o.Show(thing)
	}
	c, err := contentOf(thing)
	if err != nil {
		return err
	}
	return display(c, "")
}
