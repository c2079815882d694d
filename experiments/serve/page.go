package serve

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/necstgen/necstgen/datasets/disk"
	"github.com/necstgen/necstgen/experiments/comparison"
	"github.com/necstgen/necstgen/experiments/listing"
	"github.com/necstgen/necstgen/experiments/page"
	"github.com/necstgen/necstgen/experiments/report"
	"github.com/necstgen/necstgen/experiments/run"
)

// The files of the pages.
var (
	//go:embed page.html
	pageText string
	//go:embed table.html
	tableText string
	//go:embed run.html
	runText string
	//go:embed sweep.html
	sweepText string
	//go:embed style.css
	ownStyle string
	//go:embed script.js
	scriptText string
	//go:embed icon.svg
	iconText string
)

// styleText returns the style of all pages.
func styleText() string { return string(page.Style()+comparison.Style()) + ownStyle }

var templates = template.Must(template.New("page").Funcs(template.FuncMap{
	"decimal":  comparison.Decimal,
	"interval": report.Interval,
	"took":     comparison.Took,
	"when":     func(t time.Time) string { return t.Local().Format("2006-01-02 15:04") },
	"stamp":    func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
	"bytes":    func(n int64) string { return disk.Size(float64(n)) },
	"address":  address,
	"score":    func(i int) int { return len(listing.Orders) + i }, // its column
	"lines":    func(text string) []string { return strings.Split(text, "\n") },
}).Parse(pageText + tableText + runText + sweepText))

// document is a page. Every string in it is escaped by the template.
type document struct {
	Title   string
	Where   string // the folder of the runs
	Every   int    // seconds after which the page is looked at again; 0: never
	Reload  bool   // without a script, too
	Content string // name of the template of what stands in it
	Data    any
}

// send writes a page. Its tag is a digest of it, so that whoever has it already is told
// only that.
func (s *Server) send(w http.ResponseWriter, r *http.Request, status int, d document) {
	d.Where = s.runs
	var content, whole bytes.Buffer
	err := templates.ExecuteTemplate(&content, d.Content, d.Data)
	if err == nil {
		err = templates.ExecuteTemplate(&whole, "page", struct {
			document
			Inside template.HTML
		}{d, template.HTML(content.String())})
	}
	if err != nil {
		http.Error(w, fmt.Sprintf("serve: %v", err), http.StatusInternalServerError)
		return
	}
	sum := sha256.Sum256(whole.Bytes())
	tag := `"` + hex.EncodeToString(sum[:12]) + `"`
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("ETag", tag)
	if status == http.StatusOK && r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(whole.Bytes()) // the reader may be gone, which is no news
	}
}

// problem writes a page that says what is wrong, a line for each error.
func (s *Server) problem(w http.ResponseWriter, r *http.Request, status int, err error) {
	s.send(w, r, status, document{Title: http.StatusText(status), Content: "problem", Data: err.Error()})
}

// asset answers with a file of the pages.
func asset(kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(text))
	}
}

// address returns the path of a run's page.
func address(m *run.Manifest) string {
	return (&url.URL{Path: "/runs/" + folder(m)}).EscapedPath()
}
