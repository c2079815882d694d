package load

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/testbed/recorder/lab"
)

var agents = []string{
	"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/605.1.15",
	"Lynx/2.9.0 libwww-FM/2.14",
	"feed-reader/3.1 (+http://www.example.test/about)",
	"okhttp/4.12.0",
}

// browse fetches pauses and paths over one kept connection with Python's http.client, opening it again where the server has closed it.
const browse = `import http.client, sys, time
address, host, agent, language = sys.argv[1:5]
connection = http.client.HTTPConnection(address, 80, timeout=30)
for step in sys.argv[5:]:
    pause, path = step.split("=", 1)
    time.sleep(float(pause))
    for attempt in range(2):
        try:
            connection.request("GET", path, headers={"Host": host, "User-Agent": agent, "Accept": "text/html,*/*;q=0.8", "Accept-Language": language})
            connection.getresponse().read()
            break
        except (http.client.HTTPException, ConnectionError):
            connection.close()
connection.close()
`

// Web is one session of somebody with a browser, a downloader or a script.
func Web(p *Person) error {
	site := p.plan.Sites[p.pick(30, 25, 20, 20, 8)]
	page := site.Pages[int(float64(len(site.Pages))*p.Source.Float64()*p.Source.Float64())] // the first pages are the most read
	if site.Host == "files.example.test" || p.chance(14) {
		return p.curl(site, p.fileOptions(), site.Files[p.Source.IntN(len(site.Files))])
	}
	switch p.pick(18, 20, 10, 12, 4, 16, 6, 5, 7, 4, 2, 5, 2, 12) {
	case 0: // page and objects, one connection
		return p.curl(site, nil, append([]string{page.Path}, page.Objects...)...)
	case 1: // the page, then its objects over several connections, as browsers do
		if err := p.curl(site, nil, page.Path); err != nil || len(page.Objects) == 0 {
			return err
		}
		return p.curl(site, []string{"-Z", "--parallel-immediate", "--parallel-max", fmt.Sprint(2 + p.Source.IntN(5))}, page.Objects...)
	case 2: // wget reads the page and fetches what it embeds
		return p.wget(site, page)
	case 3: // one object, no keep-alive
		return p.curl(site, []string{"-H", "Connection: close"}, p.object(page))
	case 4:
		return p.curl(site, []string{"-0"}, p.object(page))
	case 5: // reading, with pauses, over one connection
		return p.read(site)
	case 6: // is it newer than my copy?
		return p.curl(site, []string{"-z", "2037-01-01"}, append([]string{page.Path}, page.Objects...)...)
	case 7:
		return p.curl(site, nil, fmt.Sprintf("/missing%d.html", p.Source.IntN(20)))
	case 8:
		fields := "name=Jane+Doe&subject=" + strings.ReplaceAll(Text(p.Source, LogNormal(p.Source, 120, 1, 10, 3000)), " ", "+")
		options := []string{"-d", fields}
		if p.chance(2) {
			options = append(options, "-L")
		}
		return p.curl(site, options, "/form")
	case 9:
		return p.curl(site, []string{"--data-binary", Text(p.Source, LogNormal(p.Source, 9000, 1.2, 300, 100_000))}, "/upload")
	case 10:
		return p.curl(site, []string{"-I"}, p.object(page))
	case 11: // a script that asks for a state again and again
		paths := make([]string, 3+p.Source.IntN(12))
		for i := range paths {
			paths[i] = []string{"/api/state", "/api/ping"}[p.pick(3, 1)]
		}
		return p.curl(site, []string{"--rate", fmt.Sprintf("%d/m", 20+p.Source.IntN(200))}, paths...)
	case 12:
		return p.curl(site, []string{"-L"}, "/old")
	default: // questions to the application, one after the other
		paths := make([]string, 1+p.pick(4, 3, 2, 1))
		for i := range paths {
			paths[i] = fmt.Sprintf("/app/search/%d/%d", p.Source.IntN(1000), LogNormal(p.Source, 3500, 1, 100, 60_000))
		}
		return p.curl(site, nil, append(paths, page.Objects[:min(len(page.Objects), p.Source.IntN(3))]...)...)
	}
}

func (p *Person) object(page Page) string {
	if len(page.Objects) == 0 {
		return page.Path
	}
	return page.Objects[p.Source.IntN(len(page.Objects))]
}

// fileOptions are those of a download: sometimes slow, sometimes a part.
func (p *Person) fileOptions() []string {
	switch p.pick(6, 1, 1) {
	case 1:
		return []string{"--limit-rate", fmt.Sprintf("%dk", 30+p.Source.IntN(200))}
	case 2:
		first := p.Source.IntN(20_000)
		return []string{"-r", fmt.Sprintf("%d-%d", first, first+LogNormal(p.Source, 8000, 1, 100, 80_000))}
	default:
		return nil
	}
}

func (p *Person) curl(site Site, options []string, paths ...string) error {
	address, six := p.address(lab.Web)
	if six {
		address = "[" + address + "]"
	}
	args := []string{"-s", "-S", "--max-time", "55", "--connect-to", "::" + address + ":80"}
	if !p.chance(8) { // some scripts keep curl's own
		args = append(args, "-A", agents[p.mind%len(agents)], "-H", "Accept: text/html,application/xhtml+xml,*/*;q=0.8",
			"-H", "Accept-Language: "+[]string{"en", "de-DE,de;q=0.9,en;q=0.5", "fr"}[p.mind%3])
	}
	if p.mind%2 == 0 {
		args = append(args, "-H", fmt.Sprintf("Cookie: session=%08x%08x; seen=%d", p.mind, p.mind*7, p.number))
	}
	if len(paths) > 1 && p.chance(2) {
		args = append(args, "-e", "http://"+site.Host+paths[0])
	}
	args = append(args, options...)
	for _, path := range paths {
		args = append(args, "-o", "/dev/null", "http://"+site.Host+path)
	}
	return p.run("curl", args...)
}

func (p *Person) wget(site Site, page Page) error {
	dir := filepath.Join(p.plan.Dir, "wget-"+p.Name)
	address, six := p.address(lab.Web)
	if six {
		address = "[" + address + "]"
	}
	args := []string{"-q", "-t", "1", "-T", "20", "-P", dir, "-nd", "-p", "--no-host-directories", "--header", "Host: " + site.Host}
	if p.chance(2) {
		args = append(args, "-U", agents[p.mind%len(agents)])
	}
	if p.chance(4) {
		args = append(args, "--no-http-keep-alive")
	}
	if p.chance(3) {
		args = append(args, "-w", "0.3", "--random-wait")
	}
	return p.run("wget", append(args, "http://"+address+page.Path)...)
}

// read visits several pages with their objects over one connection, with a reader's pauses.
func (p *Person) read(site Site) error {
	address, _ := p.address(lab.Web)
	args := []string{"browse.py", address, site.Host, agents[(p.mind+1)%len(agents)], "en"}
	for range 2 + p.Source.IntN(4) {
		page := site.Pages[p.Source.IntN(len(site.Pages))]
		args = append(args, fmt.Sprintf("%.3f=%s", min(p.think().Seconds()/5, 14), page.Path))
		for _, o := range page.Objects[:min(len(page.Objects), p.Source.IntN(4))] {
			args = append(args, fmt.Sprintf("%.4f=%s", 0.03*p.Source.ExpFloat64(), o))
		}
	}
	return p.run("python3", args...)
}
