package load

import (
	"encoding/base64"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Site is a web site of the testbed: what a browser would find in its pages.
type Site struct {
	Host  string
	Pages []Page
	Files []string // downloads, no page links them
}

// Page is a page and the objects that it embeds.
type Page struct {
	Path    string
	Objects []string
}

// The text is meant to compress well, as the capture is shipped: few sentences, many times.
var sentences = []string{
	"The quick brown fox jumps over the lazy dog while the kettle boils. ",
	"Please find attached the minutes of the meeting that we held on Tuesday. ",
	"All measurements were taken twice and the mean of both is given. ",
	"The train to the coast leaves at ten past nine from platform four. ",
	"Our opening hours have changed, see the notice at the front door. ",
	"A copy of this letter goes to the treasurer and to the secretary. ",
	"Stir the flour into the butter, add the milk little by little. ",
	"Results of the second group are in the table below the figure. ",
	"Nobody had seen the harbour so quiet since the winter of the flood. ",
	"Orders above fifty are delivered free of charge within three days. ",
	"The committee thanks everybody who helped to paint the boat house. ",
	"Version two mends the error that kept the lamp from going out. ",
}

// Text is size bytes of plain text.
func Text(source *rand.Rand, size int) string {
	var b strings.Builder
	b.Grow(size + 80)
	for paragraph := source.IntN(5) + 2; b.Len() < size; paragraph-- {
		b.WriteString(sentences[source.IntN(len(sentences))])
		if paragraph == 0 {
			b.WriteString("\n\n")
			paragraph = source.IntN(5) + 2
		}
	}
	return b.String()[:size]
}

// LogNormal draws a whole number with the given median and sigma of the logarithm, within low and high.
func LogNormal(source *rand.Rand, median, sigma float64, low, high int) int {
	return min(max(int(median*math.Exp(sigma*source.NormFloat64())), low), high)
}

// WriteSites writes the web sites' files below dir and returns what is there.
func WriteSites(dir string, source *rand.Rand) ([]Site, error) {
	var sites []Site
	for _, s := range []struct {
		host                string
		pages, objects      int
		median, sigma       float64
		downloads, pageSize int
	}{
		{"www.example.test", 10, 14, 3500, 1.2, 4, 7000},
		{"news.example.test", 12, 9, 6000, 1.1, 2, 14000},
		{"docs.example.test", 20, 3, 2500, 0.9, 12, 9000},
		{"shop.example.test", 10, 11, 2200, 1.3, 1, 5000},
		{"files.example.test", 1, 1, 1500, 0.5, 24, 2500},
	} {
		site := Site{Host: s.host}
		write := func(path string, text string) error {
			full := filepath.Join(dir, s.host, path)
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				return fmt.Errorf("load: %w", err)
			}
			if err := os.WriteFile(full, []byte(text), 0o644); err != nil {
				return fmt.Errorf("load: %w", err)
			}
			return nil
		}
		var pool []string
		for i := range 3 * s.objects {
			path := fmt.Sprintf("/assets/%s%d.%s", []string{"style", "script", "picture"}[i%3], i/3, []string{"css", "js", "svg"}[i%3])
			pool = append(pool, path)
			if err := write(path, Text(source, LogNormal(source, s.median, s.sigma, 120, 120_000))); err != nil {
				return nil, err
			}
		}
		for i := range s.pages {
			page := Page{Path: fmt.Sprintf("/page%d.html", i)}
			if i == 0 {
				page.Path = "/index.html"
			}
			for _, k := range source.Perm(len(pool))[:source.IntN(s.objects+1)] {
				page.Objects = append(page.Objects, pool[k])
			}
			site.Pages = append(site.Pages, page)
			if err := write(page.Path, html(page, Text(source, LogNormal(source, float64(s.pageSize), 0.7, 400, 60_000)))); err != nil {
				return nil, err
			}
		}
		for i := range s.downloads {
			path := fmt.Sprintf("/files/report%d.txt", i)
			if i%5 == 4 {
				path = fmt.Sprintf("/slow/archive%d.txt", i)
			}
			site.Files = append(site.Files, path)
			if err := write(path, Text(source, LogNormal(source, 30_000, 1.2, 1_000, 600_000))); err != nil {
				return nil, err
			}
		}
		if err := write("/thanks.html", html(Page{}, "Thank you.")); err != nil {
			return nil, err
		}
		sites = append(sites, site)
	}
	return sites, nil
}

// html is a page that embeds its objects, for clients that read it.
func html(p Page, text string) string {
	var head, body strings.Builder
	for _, o := range p.Objects {
		switch filepath.Ext(o) {
		case ".css":
			fmt.Fprintf(&head, "<link rel=\"stylesheet\" href=\"%s\">\n", o)
		case ".js":
			fmt.Fprintf(&head, "<script src=\"%s\"></script>\n", o)
		default:
			fmt.Fprintf(&body, "<img src=\"%s\" alt=\"\">\n", o)
		}
	}
	return "<!DOCTYPE html>\n<html><head><title>Testbed</title>\n" + head.String() + "</head><body>\n" + body.String() +
		"<p>" + strings.ReplaceAll(text, "\n\n", "</p>\n<p>") + "</p>\n</body></html>\n"
}

// message is a mail of about size bytes, with an attachment where it is large.
func message(source *rand.Rand, from, to string, number, size int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "From: <%s>\nTo: <%s>\nSubject: %s\nMessage-ID: <%d.%x@%s>\nDate: Mon, 2 Nov 2026 10:%02d:%02d +0000\nMIME-Version: 1.0\n",
		from, to, strings.TrimSpace(sentences[source.IntN(len(sentences))]), number, source.Uint32(), from[strings.IndexByte(from, '@')+1:],
		number/60%60, number%60)
	if size < 6000 || source.IntN(4) == 0 {
		fmt.Fprintf(&b, "Content-Type: text/plain; charset=us-ascii\n\n%s\n", fold(Text(source, size), "\n"))
		return b.String()
	}
	fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=\"=-part\"\n\n--=-part\nContent-Type: text/plain\n\n%s\n", fold(Text(source, LogNormal(source, 900, 0.8, 100, 4000)), "\n"))
	fmt.Fprintf(&b, "--=-part\nContent-Type: application/octet-stream; name=\"report.bin\"\nContent-Transfer-Encoding: base64\n\n")
	encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(Text(source, 57*4), size*3/4/(57*4)+1)))
	for len(encoded) > 76 {
		b.WriteString(encoded[:76] + "\n")
		encoded = encoded[76:]
	}
	b.WriteString(encoded + "\n--=-part--\n")
	return b.String()
}

// fold breaks text at spaces into lines of at most 76 characters where it can.
func fold(text, end string) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.SplitAfter(text, " ") {
		if column+len(word) > 76 && column > 0 {
			b.WriteString(end)
			column = 0
		}
		b.WriteString(word)
		column += len(word)
		if i := strings.LastIndexByte(word, '\n'); i >= 0 {
			column = len(word) - i - 1
		}
	}
	return b.String()
}

// Zones are bind's zone files.
func Zones(source *rand.Rand) map[string]string {
	head := `$TTL 3600
@ IN SOA ns1.example.test. hostmaster.example.test. ( 2026110201 7200 900 1209600 600 )
@ IN NS ns1.example.test.
@ IN NS ns2.example.test.
`
	zones := map[string]string{}
	for _, zone := range zoneNames {
		var b strings.Builder
		b.WriteString(head)
		fmt.Fprintf(&b, "@ IN A 10.77.200.%d\n@ IN AAAA fd77::2:%d\n@ IN MX 10 mail.example.test.\n@ IN MX 20 mail2.example.test.\n", 80, 80)
		fmt.Fprintf(&b, "@ IN TXT \"v=spf1 mx ip4:10.77.200.0/24 -all\"\n@ IN CAA 0 issue \"ca.example.test\"\n")
		if zone == "example.test" {
			b.WriteString("ns1 IN A 10.77.200.53\nns1 IN AAAA fd77::2:53\nns2 IN A 10.77.200.54\nmail IN A 10.77.200.25\nmail IN AAAA fd77::2:25\nmail2 IN A 10.77.200.26\n")
		}
		for i, name := range hostNames {
			fmt.Fprintf(&b, "%s IN A 10.77.%d.%d\n", name, 201+i%5, 1+source.IntN(250))
			for range source.IntN(4) { // several addresses, as balanced services have
				fmt.Fprintf(&b, "%s IN A 10.77.%d.%d\n", name, 201+i%5, 1+source.IntN(250))
			}
			if i%3 != 0 {
				fmt.Fprintf(&b, "%s IN AAAA fd77::%x:%x\n", name, i+16, source.IntN(65535))
			}
			fmt.Fprintf(&b, "%s-cdn IN CNAME %s\n", name, name)
		}
		fmt.Fprintf(&b, "_sip._udp IN SRV 10 60 5060 voice\n_imap._tcp IN SRV 10 60 143 imap\n_ldap._tcp IN SRV 0 100 389 www\n")
		for i := range 6 {
			fmt.Fprintf(&b, "key%d._domainkey IN TXT", i)
			for range 1 + 2*i { // the last ones do not fit a datagram of 512 bytes
				fmt.Fprintf(&b, " %q", Text(source, 180))
			}
			b.WriteString("\n")
		}
		zones[zone] = b.String()
	}
	var reverse strings.Builder
	reverse.WriteString(head)
	for i := range 60 {
		fmt.Fprintf(&reverse, "%d IN PTR %s.%s.\n", i+1, hostNames[i%len(hostNames)], zoneNames[i%len(zoneNames)])
	}
	zones["200.77.10.in-addr.arpa"] = reverse.String()
	return zones
}

var zoneNames = []string{"example.test", "shop.test", "university.test", "weather-service.test", "a.test", "cloud-provider-with-a-long-name.test"}

var hostNames = []string{"www", "api", "static", "img", "cdn1", "login", "time", "update", "voice", "imap", "smtp", "chat", "vpn",
	"metrics-collector", "download", "m", "telemetry", "accounts", "search", "edge-node-17"}
