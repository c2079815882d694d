package page_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/page"
)

// The style refers to nothing outside and cannot end the element that it stands in.
func TestStyle(t *testing.T) {
	text := string(page.Style())
	for _, outside := range []string{"url(", "@import", "</", "http"} {
		if strings.Contains(text, outside) {
			t.Errorf("the style has %q", outside)
		}
	}
	if open, closed := strings.Count(text, "{"), strings.Count(text, "}"); open != closed {
		t.Errorf("%d blocks begin and %d end", open, closed)
	}
	if !strings.Contains(text, "--figure-ink: #E8E8E8") {
		t.Error("figures have no colours for a dark background")
	}
}

// A page that is written as a file embeds the style.
func ExampleStyle() {
	html := "<style>" + page.Style() + "td.worse { color: var(--bad); }</style>"
	fmt.Println(strings.Contains(string(html), "prefers-color-scheme: dark"))
	// Output:
	// true
}
