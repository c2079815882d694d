package identifier

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
)

// packet is a packet of a flow that says something.
func packet(id int64, app flow.Application, payload string) *flow.Packet {
	return &flow.Packet{FlowID: id, Application: app, Payload: []byte(payload), PayloadLength: int32(len(payload))}
}

// secret is a text that no other number has.
func secret(n uint64) string {
	rng := rand.New(rand.NewPCG(n, 9))
	var b strings.Builder
	for range 60 {
		fmt.Fprintf(&b, "%c", 'a'+rng.IntN(26))
	}
	return b.String()
}

// page is an answer that says the same as others, and a secret.
func page(n uint64) string {
	return "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nServer: nginx\r\n\r\n" + secret(n)
}

// original has seen 40 training flows and 40 held-out ones of that many different secrets.
func original() *Original {
	o := New()
	for i := range int64(40) {
		o.Add(packet(i, flow.HTTP, page(uint64(i))), Training)
		o.Add(packet(100+i, flow.HTTP, page(uint64(100+i))), HeldOut)
	}
	return o
}

// TestRuns: of what training flows say, what they alone say counts, and is found if it is
// copied.
//
// A letter of a secret behind fifteen of the protocol occurs by chance, hence the tolerance.
func TestRuns(t *testing.T) {
	for _, test := range []struct {
		name   string
		say    func(i int64) string
		copied float64
	}{
		{"the same words of the protocol", func(i int64) string { return page(uint64(1000 + i)) }, 0},
		{"all of it", func(i int64) string { return page(uint64(i)) }, 1},
		{"a quarter of it", func(i int64) string { return page(uint64(i) * 4) }, 0.25},
		{"what is held out", func(i int64) string { return page(uint64(100 + i)) }, 0},
		{"all of it elsewhere in a packet", func(i int64) string { return "x" + page(uint64(i)) }, 1},
	} {
		o := original()
		for i := range int64(40) {
			o.Look(packet(i, flow.Unknown, test.say(i)))
		}
		c := o.Runs(flow.HTTP)
		if got := float64(c.Found) / float64(c.Known); math.Abs(got-test.copied) > 0.003 || c.Known < 40*45 || c.Sampled || c.ByReal > 0.003 {
			t.Errorf("%s: %+v, %.3f of them, want %.3f", test.name, c, got, test.copied)
		}
		if other := o.Runs(flow.DNS); other.Known != 0 {
			t.Errorf("%s: %+v of an application that is not there", test.name, other)
		}
	}
}

// TestRunsOfFlows: a run that two training flows say counts for nothing, one that a flow
// says twice does, and what real flows say that were held out is what others say by chance.
func TestRunsOfFlows(t *testing.T) {
	o := New()
	o.Add(packet(1, flow.HTTP, secret(1)), Training)
	o.Add(packet(1, flow.HTTP, secret(1)), Training)
	o.Add(packet(2, flow.HTTP, secret(2)), Training)
	o.Add(packet(3, flow.HTTP, secret(2)), Training)
	if c := o.Runs(flow.Unknown); c.Known != 45 || c.ByReal != 0 {
		t.Errorf("%+v, want the 45 runs of one secret", c)
	}
	for id := range int64(20) {
		o.Add(packet(id, flow.HTTP, secret(1)), HeldOut)
	}
	if c := o.Runs(flow.Unknown); c.Known != 0 {
		t.Errorf("%+v, want none", c)
	}
	for i, id := uint64(10), int64(0); i < 410; i, id = i+1, id+1 {
		o.Add(packet(id, flow.HTTP, secret(i)), Training)
		if i%4 == 0 {
			o.Add(packet(1000+id, flow.HTTP, secret(i)), HeldOut)
		}
	}
	if c := o.Runs(flow.Unknown); c.ByReal < 0.09 || c.ByReal > 0.2 || c.Known != 300*45 {
		t.Errorf("%+v, want 300 secrets and an eighth of the others by real traffic", c)
	}
}

// TestSample: of many runs a sample is kept, the same in any order, with the same share.
func TestSample(t *testing.T) {
	var counts [2]Count
	for k := range counts {
		o := New()
		o.runs = newRuns(2000)
		for i := range int64(400) {
			if k == 1 {
				i = 399 - i
			}
			o.Add(packet(i, flow.HTTP, secret(uint64(i))), Training)
		}
		for i := range uint64(100) {
			o.Look(packet(0, flow.HTTP, secret(4*i)))
		}
		counts[k] = o.Runs(flow.Unknown)
		if c := counts[k]; !c.Sampled || c.Known < 800 || c.Known > 2000 || len(o.runs.seen) > 2000 {
			t.Errorf("%+v: want a sample of up to 2,000", c)
		} else if share := float64(c.Found) / float64(c.Known); share < 0.2 || share > 0.3 {
			t.Errorf("%+v: %.3f of them, want about a quarter", c, share)
		}
	}
	if counts[0] != counts[1] {
		t.Errorf("%+v in one order, %+v in the other", counts[0], counts[1])
	}
}

func TestPattern(t *testing.T) {
	for text, want := range map[string]bool{
		strings.Repeat("\x00", 16): true, "abcdefghijklmnop": true, "abababababababab": true, "aabbccddaabbccdd": true,
		"aabbccddeeaabbcc": false, "Host: www.files.": false,
	} {
		if got := pattern([]byte(text)); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}

// hello is a ClientHello that asks for a server.
func hello(name string) string {
	n := len(name)
	extension := "\x00\x0a\x00\x02\x00\x1d" + fmt.Sprintf("\x00\x00\x00%c\x00%c\x00\x00%c%s", n+5, n+3, n, name)
	body := "\x03\x03" + strings.Repeat("r", 32) + "\x02ss" + "\x00\x02\x13\x01" + "\x01\x00" + fmt.Sprintf("\x00%c", len(extension)) + extension
	return fmt.Sprintf("\x16\x03\x01\x00%c\x01\x00\x00%c", len(body)+4, len(body)) + body
}

// TestNames reads the names of messages, and none of damaged ones.
func TestNames(t *testing.T) {
	question := "\x12\x34\x01\x00\x00\x01\x00\x01\x00\x00\x00\x00\x03www\x06office\x03com\x00\x00\x01\x00\x01"
	answer := "\xc0\x10\x00\x01\x00\x01\x00\x00\x00\x10\x00\x04\x0a\x00\x00\x01"
	for _, test := range []struct {
		name    string
		app     flow.Application
		payload string
		want    []string
	}{
		{"request", flow.HTTP, "GET / HTTP/1.1\r\nUser-Agent: x\r\nHost: Files.Office.com:8080\r\n\r\n", []string{"files.office.com"}},
		{"host at the end of a cut packet", flow.HTTP, "GET / HTTP/1.1\r\nhost: files.office.com", []string{"files.office.com"}},
		{"address", flow.HTTP, "GET / HTTP/1.1\r\nHost: 192.168.7.1\r\n\r\n", nil},
		{"one label", flow.HTTP, "GET / HTTP/1.1\r\nHost: intranet\r\n\r\n", nil},
		{"no host", flow.HTTP, "HTTP/1.1 200 OK\r\nServer: nginx\r\n\r\n", nil},
		{"other characters", flow.HTTP, "GET / HTTP/1.1\r\nHost: a b.com\r\n\r\n", nil},
		{"question and compressed answer", flow.DNS, question + answer, []string{"www.office.com", "office.com"}},
		{"over TCP", flow.DNS, fmt.Sprintf("\x00%c", len(question+answer)) + question + answer, []string{"www.office.com", "office.com"}},
		{"answer that is not there", flow.DNS, question, []string{"www.office.com"}},
		{"label that reaches past the end", flow.DNS, question[:20], nil},
		{"name that points at itself", flow.DNS, question[:12] + "\xc0\x0c\x00\x01\x00\x01", nil},
		{"client hello", flow.TLS, hello("mail.office.com"), []string{"mail.office.com"}},
		{"cut client hello", flow.TLS, hello("mail.office.com")[:60], nil},
		{"server hello", flow.TLS, "\x16\x03\x03\x00\x04\x02\x00\x00\x00", nil},
		{"dialogue", flow.SMTP, "EHLO pc7.office.com\r\nMAIL FROM:<anna@mail.office.com> SIZE=3\r\nRCPT TO:<bob@far.net>\r\n", []string{"pc7.office.com", "mail.office.com", "far.net"}},
		{"greeting", flow.SMTP, "220 mx.office.com ESMTP ready\r\n", []string{"mx.office.com"}},
		{"address without an end", flow.SMTP, "MAIL FROM:<anna@office.com", nil},
		{"another application", flow.FTP, "GET / HTTP/1.1\r\nHost: files.office.com\r\n\r\n", nil},
	} {
		var got []string
		namesIn(packet(1, test.app, test.payload), func(name string) { got = append(got, name) })
		if !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestCountNames: names count once, by application, without reserved ones.
func TestCountNames(t *testing.T) {
	o := New()
	ask := func(id int64, name string) *flow.Packet {
		return packet(id, flow.HTTP, "GET / HTTP/1.1\r\nHost: "+name+"\r\n\r\n")
	}
	for i, name := range []string{"files.office.com", "www.example.com", "files.office.com", "mail.office.com", "x.test", "web.office.com"} {
		o.Add(ask(int64(i), name), Training)
	}
	o.Add(packet(9, flow.TLS, hello("files.office.com")), Training)
	o.Add(ask(30, "other.office.com"), HeldOut)
	for _, name := range []string{"x.test", "www.example.com", "FILES.office.com", "other.office.com"} {
		o.Look(ask(1, name))
	}
	for app, want := range map[flow.Application]Count{
		flow.Unknown: {Known: 3, Found: 1, Reserved: 2}, flow.HTTP: {Known: 3, Found: 1, Reserved: 2}, flow.TLS: {Known: 1, Found: 1}, flow.DNS: {},
	} {
		if got := o.Names(app); got != want {
			t.Errorf("%s: %+v, want %+v", app, got, want)
		}
	}
}

// TestMissing: a side without payload bytes is named.
func TestMissing(t *testing.T) {
	o := New()
	if got := o.Missing(); got != "the training packets have no payload bytes" {
		t.Error(got)
	}
	o.Add(packet(1, flow.HTTP, "x"), Training)
	if got := o.Missing(); got != "the synthetic packets have no payload bytes" {
		t.Error(got)
	}
	o.Look(packet(1, flow.HTTP, "x"))
	if got := o.Missing(); got != "" {
		t.Error(got)
	}
}

// damagedRecord is the error of one record.
type damagedRecord struct{ error }

func (damagedRecord) RecordNumber() int64 { return 3 }

// TestStreams: damaged records are left out, and an error that ends a stream is told.
func TestStreams(t *testing.T) {
	broken := errors.New("the disk is gone")
	stream := func(last error) func(yield func(flow.Packet, error) bool) {
		return func(yield func(flow.Packet, error) bool) {
			for i := range int64(3) {
				p := *packet(0, flow.HTTP, secret(uint64(i)))
				p.Number = i
				if !yield(p, nil) {
					return
				}
			}
			if last != nil {
				yield(flow.Packet{}, last)
			}
		}
	}
	part := PartsOf([]*flow.Flow{{Packets: []flow.Packet{{Number: 0}}}}, []*flow.Flow{{Packets: []flow.Packet{{Number: 1}}}})
	for _, test := range []struct{ last, want error }{{nil, nil}, {damagedRecord{broken}, nil}, {broken, broken}} {
		o := New()
		if err := o.AddAll(stream(test.last), flow.Assembler{}, part); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%v, want %v", err, test.want)
		}
		if err := o.LookAll(stream(test.last)); !errors.Is(err, test.want) || (err == nil) != (test.want == nil) {
			t.Errorf("%v, want %v", err, test.want)
		}
		if want := [parts]int64{60, 60, 180}; o.bytes != want {
			t.Errorf("%v bytes, want %v", o.bytes, want)
		}
	}
}

// FuzzNames: no payload makes the readers of names fail, and every name is valid.
func FuzzNames(f *testing.F) {
	for _, payload := range []string{"GET / HTTP/1.1\r\nHost: files.office.com\r\n\r\n", hello("mail.office.com"), "EHLO a.b\r\nMAIL FROM:<a@b.c>\r\n",
		"\x12\x34\x01\x00\x00\x01\x00\x01\x00\x00\x00\x00\x03www\xc0\x0c\x00\x01\x00\x01"} {
		f.Add([]byte(payload))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, app := range []flow.Application{flow.HTTP, flow.DNS, flow.TLS, flow.SMTP} {
			namesIn(&flow.Packet{Application: app, Payload: payload}, func(name string) {
				if !valid([]byte(name)) || strings.ToLower(name) != name {
					t.Errorf("%q", name)
				}
			})
		}
	})
}

// BenchmarkLook is how fast synthetic payloads are looked through.
func BenchmarkLook(b *testing.B) {
	o := New()
	for i := range int64(2000) {
		o.Add(packet(i, flow.HTTP, secret(uint64(i))), Training)
	}
	p := packet(1, flow.HTTP, strings.Repeat(secret(1e6), 24))
	b.SetBytes(int64(len(p.Payload)))
	for b.Loop() {
		o.Look(p)
	}
}
