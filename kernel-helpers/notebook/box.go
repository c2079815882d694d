package notebook

import (
	"fmt"
	"html"
	"strings"
)

// boxContent returns an error as a box: a title, a line for each error that is joined in
// err, and below it what would work where the error says so.
func boxContent(title string, err error) content {
	var page, text strings.Builder
	fmt.Fprintf(&page, "<div style=\"border-left:5px solid #d55e00;padding:4px 12px\"><b>%s</b>", html.EscapeString(title))
	fmt.Fprintf(&text, "%s\n", title)
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		wrong, want, ok := cutWant(line)
		fmt.Fprintf(&page, "<br>%s", html.EscapeString(wrong))
		fmt.Fprintf(&text, "  %s\n", wrong)
		if ok {
			fmt.Fprintf(&page, "<br><i>%s</i>", html.EscapeString(want))
			fmt.Fprintf(&text, "  %s\n", want)
		}
	}
	page.WriteString("</div>\n")
	return content{plain: text.String(), html: page.String()}
}

// cutWant parts an error into what is wrong and what would work: errors of this program
// end in ": want ..." or "; did you mean ...?".
func cutWant(line string) (wrong, want string, found bool) {
	for _, sign := range []string{": want ", "; did you mean "} {
		if i := strings.LastIndex(line, sign); i >= 0 {
			return line[:i], line[i+2:], true
		}
	}
	return line, "", false
}
