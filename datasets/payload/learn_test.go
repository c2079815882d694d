package payload

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// said is a packet of a client that says something to a server.
func said(app flow.Application, proto uint8, client byte, text string) flow.Packet {
	ends := flow.FiveTuple{Proto: proto, Src: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, client}), 40000), Dst: netip.MustParseAddrPort("10.0.1.1:80")}
	return flow.Packet{Application: app, Tuple: ends, Payload: []byte(text), PayloadLength: int32(len(text))}
}

// TestLearn counts what well-formed messages say, and nothing of damaged ones.
func TestLearn(t *testing.T) {
	query := "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x01\x03www\x06office\x03com\x00\x00\x1c\x00\x01\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"
	for _, c := range []struct {
		name string
		app  flow.Application
		say  []string
		want string
	}{
		{"request", flow.HTTP, []string{"GET /a.html HTTP/1.1\r\nHost: files.com\r\nUser-Agent: Prog/1\r\n\r\n"}, "[agent 1 [[6 1 1]]] [host 1 [[9 1 1]]] [path 0 [[7 1 1]]] [method map[GET:1]]"},
		{"paths that recur", flow.HTTP, []string{"GET /a HTTP/1.1\r\n", "GET /a HTTP/1.1\r\n", "GET /b HTTP/1.1\r\n"}, "[path 0 [[2 1 2] [2 1 1]]] [method map[GET:3]]"},
		{"cut in a header line", flow.HTTP, []string{"GET / HTTP/1.1\r\nHost: fil"}, "[path 0 [[1 1 1]]] [method map[GET:1]]"},
		{"method of nobody", flow.HTTP, []string{"BREW / HTTP/1.1\r\n"}, "[path 0 [[1 1 1]]]"},
		{"no version", flow.HTTP, []string{"GET /"}, ""},
		{"response", flow.HTTP, []string{"HTTP/1.1 404 Not Found\r\nServer: x/1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"}, "[software 1 [[3 1 1]]] [media type map[text/html:1]] [status map[404:1]]"},
		{"status of nobody", flow.HTTP, []string{"HTTP/1.1 999 No\r\n\r\n"}, ""},
		{"body", flow.HTTP, []string{"<html>secret</html>"}, ""},
		{"question", flow.DNS, []string{query}, "[domain 0 [[14 1 1]]] [edns map[OPT:1]] [type map[AAAA:1]]"},
		{"cut question", flow.DNS, []string{query[:20]}, ""},
		{"name that points somewhere", flow.DNS, []string{query[:12] + "\xc0\x0c\x00\x01\x00\x01"}, ""},
		{"answer", flow.DNS, []string{query[:2] + "\x81\x80" + query[4:]}, ""},
		{"dialogue", flow.SMTP, []string{"EHLO pc.office.com\r\nMAIL FROM:<anna@far.com>\r\n"}, "[domain 1 [[7 1 1] [13 1 1]]] [mailbox 0 [[4 1 1]]]"},
		{"address without an end", flow.SMTP, []string{"RCPT TO:<anna@far.com"}, ""},
		{"cut hello", flow.TLS, []string{"\x16\x03\x01\x00\x40\x01\x00\x00\x3c\x03\x03" + strings.Repeat("r", 32) + "\x00\x00\x02"}, ""},
		{"another application", flow.Telnet, []string{"GET / HTTP/1.1\r\nHost: files.com\r\n\r\n"}, ""},
	} {
		broken := errors.New("the end")
		proto := uint8(flow.TCP)
		if c.app == flow.DNS {
			proto = flow.UDP
		}
		got, err := Learn(func(yield func(flow.Packet, error) bool) {
			for _, text := range c.say {
				yield(said(c.app, proto, 1, text), nil)
			}
			yield(flow.Packet{}, broken)
		})
		if !errors.Is(err, broken) {
			t.Errorf("%s: error %v", c.name, err)
		}
		var parts []string
		for _, s := range got {
			for _, n := range s.Names {
				parts = append(parts, fmt.Sprint([]any{n.Kind, n.Each, fmt.Sprint(n.Groups)}))
			}
			for _, k := range s.Codes {
				parts = append(parts, fmt.Sprint([]any{k.Kind, k.Counts}))
			}
		}
		if text := strings.NewReplacer("{", "[", "}", "]").Replace(strings.Join(parts, " ")); text != c.want {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}
}

// TestStatistics: what was learnt comes back from JSON, and has no name in it.
func TestStatistics(t *testing.T) {
	learnt, err := Learn(func(yield func(flow.Packet, error) bool) {
		yield(said(flow.HTTP, flow.TCP, 1, "GET /secret.html HTTP/1.1\r\nHost: secret.com\r\nUser-Agent: Secret/1\r\n\r\n"), nil)
	})
	if err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := WriteStatistics(&file, learnt); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.ToLower(file.String()), "secret") {
		t.Errorf("a name is in %s", &file)
	}
	got, err := ReadStatistics(&file, "words.json")
	if err != nil || !reflect.DeepEqual(got, learnt) {
		t.Errorf("%v, error %v, want %v", got, err, learnt)
	}
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "EOF"},
		{"another version", `{"version":2}`, "version is 2, want 1"},
		{"unknown key", `{"version":1,"words":[]}`, `unknown field "words"`},
		{"kind", `{"version":1,"statistics":[{"application":"HTTP","names":[{"kind":"colour","groups":[]}]}]}`, `names[0].kind is "colour", want one of ["agent"`},
		{"two numbers", `{"version":1,"statistics":[{"application":"HTTP","names":[{"kind":"path","groups":[[1,2]]}]}]}`, "has 2 numbers, want 3"},
		{"no names", `{"version":1,"statistics":[{"application":"HTTP","names":[{"kind":"path","groups":[[1,0,1]]}]}]}`, "groups[0] is [1,0,1]"},
		{"each", `{"version":1,"statistics":[{"application":"HTTP","names":[{"kind":"path","each":-1,"groups":[]}]}]}`, "each is -1"},
		{"count", `{"version":1,"statistics":[{"application":"HTTP","codes":[{"kind":"method","counts":{"GET":-1}}]}]}`, `counts["GET"] is -1`},
	} {
		if _, err := ReadStatistics(strings.NewReader(c.text), "words.json"); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "words.json") {
			t.Errorf("%s: error %v, want %q", c.name, err, c.want)
		}
	}
}

// FuzzLearn: whatever packets say, what is learnt of it can be saved and read.
func FuzzLearn(f *testing.F) {
	for _, text := range []string{"GET / HTTP/1.1\r\nHost: a.b\r\n\r\n", "HTTP/1.1 200 OK\r\nServer:\r\n", "\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x00\x00\x01\x00\x01", "MAIL FROM:<a@b>\r\n", "\x16\x03\x01\x00\x02\x01\x00"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		learnt, err := Learn(func(yield func(flow.Packet, error) bool) {
			for _, app := range []flow.Application{flow.HTTP, flow.DNS, flow.SMTP, flow.TLS} {
				yield(said(app, flow.UDP, 1, text), nil)
			}
		})
		var file bytes.Buffer
		if err := errors.Join(err, WriteStatistics(&file, learnt)); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadStatistics(&file, "words.json"); err != nil {
			t.Error(err)
		}
	})
}
