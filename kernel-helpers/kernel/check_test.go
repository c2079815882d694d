package kernel

import (
	"strings"
	"testing"
)

// TestDifferences holds what may differ between what is stored and what a run gives.
func TestDifferences(t *testing.T) {
	const picture = `{"output_type":"display_data","data":{"image/png":"aGk=","image/svg+xml":["<svg>\n","</svg>"]}}`
	words := func(text string) string {
		return `{"output_type":"display_data","data":{"text/html":["<p>` + text + `</p>"],"text/plain":"` + text + `"}}`
	}
	said := func(text string) string {
		return `{"output_type":"stream","name":"stdout","text":"` + text + `"}`
	}
	for _, tt := range []struct {
		name, stored, now, tags string
		want                    string // part of the difference; "": none
	}{
		{name: "the same", stored: picture + "," + words("812 flows"), now: picture + "," + words("812 flows")},
		{name: "close numbers", stored: words("812 flows, AUC 0.62"), now: words("806 flows, AUC 0.58")},
		{name: "thousands", stored: words("18,203 packets"), now: words("17,950 packets")},
		{name: "another run", stored: said("run 3f9cf6ca3747"), now: said("run 00112233aabb")},
		{name: "far numbers", stored: words("812 flows"), now: words("80 flows"), want: "80 where 812 is stored"},
		{name: "a changed sign", stored: words("at −3 and 1"), now: words("at 3 and 1"), want: "3 where −3 is stored"},
		{name: "other words", stored: words("812 flows"), now: words("812 packets"), want: "packets"},
		{name: "more words", stored: words("one"), now: words("one more"), want: "more"},
		{name: "one grade of many", stored: words("lengths, gaps, flags, ports, sizes, bytes, turns and order are as real"), now: words("lengths, gaps, flags, ports, sizes, bytes, turns and order are near real")},
		{name: "two grades of many", stored: words("lengths, gaps, flags, ports, sizes, bytes, turns and order are as real"), now: words("lengths, gaps, flags, ports, sizes, bytes, turns and order seem near real"), want: "seem"},
		{name: "no figure any more", stored: picture, now: words("812 flows"), want: "it shows display_data (text/html, text/plain), stored are display_data (image/png, image/svg+xml)"},
		{name: "an empty figure", stored: picture, now: strings.Replace(picture, "aGk=", "", 1), want: "image/png is empty"},
		{name: "nothing is stored", stored: "", now: picture, want: "stored are nothing"},
		{name: "nothing is shown", stored: picture, now: "", want: "it shows nothing"},
		{name: "another stream", stored: said("x"), now: strings.Replace(said("x"), "stdout", "stderr", 1), want: "stream stderr"},
		{name: "skipped here", stored: picture, now: words("Skipped: the data are not here")},
		{name: "skipped there", stored: words("Skipped: the data are not here"), now: picture, want: "it shows"},
		{name: "another machine", tags: `"machine"`, stored: words("no GPU"), now: words("a GPU")},
		{name: "another machine without a figure", tags: `"machine"`, stored: picture, now: words("a GPU"), want: "it shows"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parsed := func(outputs string) file {
				f, err := parse("in.ipynb", notebookOf(`{"cell_type":"code","metadata":{"tags":[`+tt.tags+`]},"source":[],"outputs":[`+outputs+`]}`))
				if err != nil {
					t.Fatal(err)
				}
				return f
			}
			got := strings.Join(differences(parsed(tt.stored), parsed(tt.now)), "; ")
			if (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	if got := differences(file{}, file{Cells: make([]cell, 1)}); len(got) != 1 {
		t.Errorf("another number of cells: %v", got)
	}
}

func TestParse(t *testing.T) {
	for _, malformed := range []string{"", "[]", `{"cells":[{"outputs":{}}]}`} {
		if _, err := parse("in.ipynb", []byte(malformed)); err == nil || !strings.Contains(err.Error(), "in.ipynb") {
			t.Errorf("%q: %v", malformed, err)
		}
	}
}
