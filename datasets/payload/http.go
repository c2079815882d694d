package payload

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/necstgen/necstgen/datasets/flow"
)

// Shapes of HTTP messages (RFC 9112).
const (
	protocolVersion = " HTTP/1.1\r\n"
	responseLine    = "HTTP/1.1 "
	headEnd         = "\r\n\r\n"
	keepAlive       = "Connection: keep-alive\r\n"
	postFrom        = 2000 // bytes from which a request has a body
	plainText       = "Content-Type: text/plain\r\n"
	shortestPath    = 6  // bytes that header lines leave to the path
	longestPath     = 64 // of paths that fill a request
	shortestFilling = len("Cookie: a=b\r\n")
)

// reasons has the reason phrase of each status that responses have (RFC 9110, 15).
var reasons = map[string]string{
	"200": "OK", "201": "Created", "202": "Accepted", "204": "No Content", "206": "Partial Content",
	"301": "Moved Permanently", "302": "Found", "303": "See Other", "304": "Not Modified", "307": "Temporary Redirect", "308": "Permanent Redirect",
	"400": "Bad Request", "401": "Unauthorized", "403": "Forbidden", "404": "Not Found", "405": "Method Not Allowed", "410": "Gone", "416": "Range Not Satisfiable",
	"500": "Internal Server Error", "502": "Bad Gateway", "503": "Service Unavailable",
}

// methods are those that requests have: HEAD is none of them, because the length of an
// answer without a body would have to be known when it is asked for.
var methods = map[string]bool{"GET": true, "POST": true, "PUT": true, "PATCH": true}

// mediaTypes are what responses carry, and how the paths to it end. All bodies are text:
// dissectors that have lost count of a body take random bytes for damaged header lines.
var mediaTypes = []struct {
	name, suffix string
}{
	{"text/html", ".html"}, {"text/css", ".css"}, {"text/javascript", ".js"}, {"application/javascript", ".js"}, {"text/plain", ".txt"},
	{"application/octet-stream", ".bin"}, {"application/pdf", ".pdf"}, {"application/zip", ".zip"}, {"font/woff2", ".woff2"}, {"video/mp4", ".mp4"},
}

// mediaKey is what statistics call a media type: with the 16 bytes of "application/java" they
// would hold a run of bytes that the capture has as well.
func mediaKey(name string) string { return strings.TrimPrefix(name, "application/") }

// profiles are the header lines that programs send with each request, besides the
// first two. Each program always sends the same.
var profiles = [...][]string{
	{"Accept: */*\r\n", "Accept-Encoding: gzip, deflate\r\n", keepAlive},
	{"Accept: text/html, */*;q=0.8\r\n", "Accept-Language: en\r\n", "Accept-Encoding: gzip\r\n", keepAlive},
	{"Accept: */*\r\n"},
	{"Accept-Encoding: gzip\r\n", "Connection: Keep-Alive\r\n"},
}

// web is what an HTTP connection says again and again.
type web struct {
	host, agent, software []byte
	profile               []string
	media                 int // of what was asked for last
}

// webWords is what HTTP says, found once: several of them are needed for each message, and a
// look-up by application and kind takes as long as the choice of a name.
type webWords struct {
	hosts, software, agents, paths *lexicon
	methods, statuses              *codes
}

// webWords finds what HTTP says.
func (v *vocabulary) webWords() webWords {
	return webWords{
		hosts: v.lexicon(flow.HTTP, Host), software: v.lexicon(flow.HTTP, Software), agents: v.lexicon(flow.HTTP, Agent), paths: v.lexicon(flow.HTTP, Path),
		methods: v.codes[codeKey{flow.HTTP, Method}], statuses: v.codes[codeKey{flow.HTTP, Status}],
	}
}

// media returns which media type a path leads to.
func (v *vocabulary) media(x uint64) int {
	name := v.codes[codeKey{flow.HTTP, MediaType}].draw(x)
	for i := range mediaTypes {
		if mediaKey(mediaTypes[i].name) == name {
			return i
		}
	}
	return 0
}

// startHTTP chooses what a connection says again and again, where its first request has so
// many bytes; 0: it has none. Of a few programs that the client has it takes the first whose
// header lines leave as much as paths have, else one whose lines leave any room.
func (w *Writer) startHTTP(first int) {
	v := w.pool.vocabulary
	client, server := v.holder(w.connection.Client), v.holder(w.connection.Server)
	w.web = web{host: v.web.hosts.of(server, w.random.Uint64()), software: v.web.software.of(server, w.random.Uint64())}
	var roomy []byte
	for range 8 {
		w.program(v.web.agents.of(client, w.random.Uint64()))
		left := first - len("GET \r\n") - len(protocolVersion) - w.hostLine() - w.agentLine()
		if first == 0 || v.web.paths.weight(left-w.profileLines()) > 0 {
			return
		}
		if roomy == nil && left > shortestPath {
			roomy = w.web.agent
		}
	}
	if roomy != nil {
		w.program(roomy)
	}
}

// program makes the client's program one that calls itself so.
func (w *Writer) program(agent []byte) {
	if bytes.Equal(agent, w.web.agent) {
		return
	}
	h := w.pool.vocabulary.seed
	for _, b := range agent {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	w.web.agent, w.web.profile = agent, profiles[mix(h)%uint64(len(profiles))]
}

// http composes a request or a response of exactly t.Length bytes. What is too
// short for either stays text, which dissectors call a continuation.
func (w *Writer) http(t Turn) {
	if w.web.profile == nil {
		w.startHTTP(t.Length * int(1-t.Direction&1))
	}
	if t.Direction == flow.Forward {
		w.request(t.Length)
	} else {
		w.response(t.Length)
	}
}

// request composes a request: as many of the usual header lines as leave room for a path,
// a path that fills the rest if that is as long as paths are, else a cookie as well. Long
// ones, and some others, have a body.
func (w *Writer) request(total int) {
	method := w.pool.vocabulary.web.methods.draw(w.random.Uint64())
	body := total >= postFrom || method != "GET" && total >= 200+w.below(200)
	if !body {
		method = "GET"
	} else if method == "GET" {
		method = "POST"
	}
	left := total - len(method) - len(" ") - len(protocolVersion) - len("\r\n")
	if body {
		left -= len(plainText) + len("Content-Length: 00000\r\n")
	}
	if left < 1 {
		return
	}
	lines := [...]bool{left >= w.hostLine()+shortestPath, false}
	if lines[0] {
		left -= w.hostLine()
		if lines[1] = left >= w.agentLine()+shortestPath; lines[1] {
			left -= w.agentLine()
		}
	}
	more := 0
	for ; more < len(w.web.profile) && left >= len(w.web.profile[more])+2*shortestPath; more++ {
		left -= len(w.web.profile[more])
	}
	path, cookie := w.pathAndCookie(left, body)
	w.head = append(append(append(w.head, method...), ' '), path...)
	w.head = append(w.head, protocolVersion...)
	if lines[0] {
		w.line("Host: ", w.web.host)
	}
	if lines[1] {
		w.line("User-Agent: ", w.web.agent)
	}
	for _, line := range w.web.profile[:more] {
		w.head = append(w.head, line...)
	}
	if cookie > 0 {
		w.cookie(cookie)
	}
	if body {
		w.head = append(w.head, plainText...)
		w.body(total)
		return
	}
	w.head = append(w.head, "\r\n"...)
}

func (w *Writer) hostLine() int  { return len("Host: \r\n") + len(w.web.host) }
func (w *Writer) agentLine() int { return len("User-Agent: \r\n") + len(w.web.agent) }

// line appends a header line.
func (w *Writer) line(name string, value []byte) {
	w.head = append(append(append(w.head, name...), value...), "\r\n"...)
}

// pathAndCookie returns a path, and the length of a header line that fills, with it, what
// is left of a request; none where a body fills it.
func (w *Writer) pathAndCookie(left int, body bool) (path []byte, cookie int) {
	paths := w.pool.vocabulary.web.paths
	x := w.random.Uint64()
	w.web.media = -1
	most := left - shortestFilling
	switch {
	case body:
		path = paths.most(min(left, longestPath), x)
	case left <= longestPath && paths.weight(left) > 0, most < 1:
		path = paths.exactly(left, x)
	default:
		path = paths.most(most, x)
		cookie = left - len(path)
	}
	for i := range mediaTypes {
		if n := len(path) - len(mediaTypes[i].suffix); n > 0 && string(path[n:]) == mediaTypes[i].suffix {
			w.web.media = i
		}
	}
	return path, cookie
}

// cookie appends a cookie line of size bytes, in which a client always sends the same
// digits, as far as there is room.
func (w *Writer) cookie(size int) {
	name := "Cookie: session="
	if size < len(name)+len("a\r\n") {
		name = "Cookie: a="
	}
	w.head = append(w.head, name...)
	w.digits(size-len(name)-len("\r\n"), w.pool.vocabulary.holder(w.connection.Client))
	w.head = append(w.head, "\r\n"...)
}

// digits appends n hexadecimal digits.
func (w *Writer) digits(n int, x uint64) {
	const digits = "0123456789abcdef"
	for i := range n {
		if i%16 == 0 {
			x = mix(x)
		}
		w.head = append(w.head, digits[x>>(i%16*4)&15])
	}
}

func (w *Writer) profileLines() (size int) {
	for _, line := range w.web.profile {
		size += len(line)
	}
	return size
}

// response composes a response with a body that fills what the head leaves; a short
// one says that there is none.
func (w *Writer) response(total int) {
	const empty = len(responseLine) + len("204 ") + len(headEnd)
	const least = len(responseLine) + len("200 OK\r\nContent-Length: 0") + len(headEnd)
	switch {
	case total < 3:
	case total < empty: // a line of its own, so that what follows begins one
		w.words(total - len("\r\n"))
		w.head = append(w.head, "\r\n"...)
	case total < least+5:
		w.head = append(w.head, responseLine+"204 "...)
		w.words(total - empty)
		w.head = append(w.head, headEnd...)
	default:
		w.fullResponse(total)
	}
}

// fullResponse composes a response of a status that its length has room for.
func (w *Writer) fullResponse(total int) {
	const bodyless = 80 // bytes, in which "304 Not Modified" and a tag have room
	status := w.pool.vocabulary.web.statuses.draw(w.random.Uint64())
	reason := reasons[status]
	none := status == "204" || status == "304"
	moved := status[0] == '3' && !none
	room := total - len(responseLine) - len(status) - len(" \r\n") - len(reason) - len("Content-Length: 00000\r\n\r\n") - 16
	if none && (total < bodyless || total > 4*bodyless) || moved && room < len("Location: http://\r\n")+len(w.web.host)+longestPath || reason == "" || room < 0 {
		status, reason, none, moved = "200", reasons["200"], false, false
	}
	w.head = append(append(append(append(w.head, responseLine...), status...), ' '), reason...)
	w.head = append(w.head, "\r\n"...)
	left := func() int { return total - len(w.head) - len("Content-Length: 00000\r\n\r\n") }
	if left() >= len("Server: \r\n")+len(w.web.software)+8 {
		w.line("Server: ", w.web.software)
	}
	if none {
		w.head = append(w.head, `ETag: "`...)
		w.digits(total-len(w.head)-len("\"\r\n\r\n"), w.random.Uint64())
		w.head = append(w.head, "\"\r\n\r\n"...)
		return
	}
	if moved {
		w.head = append(append(w.head, "Location: http://"...), w.web.host...)
		w.head = append(append(w.head, w.pool.vocabulary.web.paths.most(longestPath, w.random.Uint64())...), "\r\n"...)
	}
	media := &mediaTypes[0]
	if status == "200" && w.web.media >= 0 {
		media = &mediaTypes[w.web.media]
	}
	if left() >= len("Content-Type: \r\n")+len(media.name)+1 {
		w.head = append(append(append(w.head, "Content-Type: "...), media.name...), "\r\n"...)
	}
	if left() > len(keepAlive) {
		w.head = append(w.head, keepAlive...)
	}
	w.body(total)
}

// body ends the head with a content length that makes the message total bytes
// long. Where a digit more would be one too many, a second space takes its place.
func (w *Writer) body(total int) {
	w.head = append(w.head, "Content-Length: "...)
	left := total - len(w.head) - len(headEnd)
	digits := 1
	for left-digits >= pow10(digits) {
		digits++
	}
	length := max(0, left-digits)
	if digits > 1 && length < pow10(digits-1) {
		w.head = append(w.head, ' ')
	}
	w.head = strconv.AppendInt(w.head, int64(length), 10)
	w.head = append(w.head, headEnd...)
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}
