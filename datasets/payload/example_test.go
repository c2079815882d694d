package payload_test

import (
	"bytes"
	"fmt"
	"log"
	"math/rand/v2"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/payload"
)

// exchange is a request of 80 bytes and a response of 60.
type exchange struct{}

// Turn knows both turns.
func (exchange) Turn(segment int) payload.Turn {
	return []payload.Turn{{Direction: flow.Forward, Length: 80, Last: true}, {Direction: flow.Backward, Length: 60, Last: true}}[segment]
}

// Payloads are composed to lengths that are given: the request says so much, and the
// response so much.
func Example() {
	random := rand.New(rand.NewPCG(1, 2))
	pool := payload.NewPool(payload.Options{}, random)
	var w payload.Writer
	w.Start(pool, payload.Connection{Application: flow.HTTP, Proto: flow.TCP, ServerPort: 80}, random)
	request, response := make([]byte, 80), make([]byte, 60)
	w.Fill(request, flow.Forward, 0, exchange{})
	w.Fill(response, flow.Backward, 1, exchange{})
	fmt.Printf("%q\n%q\n", request, response)
	// Output:
	// "GET /quail/net.css HTTP/1.1\r\nHost: lap.needle.example\r\nAccept-Encoding: gzip\r\n\r\n"
	// "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\nla mill tower seed da"
}

// Examples of what the training capture says are gathered only where payloads are to
// be copied, and saved in a file of their own.
func ExampleGather() {
	said := flow.Packet{Application: flow.HTTP, Tuple: flow.FiveTuple{Proto: flow.TCP}, PayloadLength: 18, Payload: []byte("GET / HTTP/1.1\r\n\r\n")}
	examples, err := payload.Gather(func(yield func(flow.Packet, error) bool) { yield(said, nil) })
	if err != nil {
		log.Fatal(err)
	}
	var file bytes.Buffer
	if err := payload.WriteExamples(&file, examples); err != nil {
		log.Fatal(err)
	}
	if examples, err = payload.ReadExamples(&file, "examples.json"); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v says %q\n", examples[0].Direction, examples[0].Bytes)
	// Output:
	// forward says "GET / HTTP/1.1\r\n\r\n"
}

// What is learnt of names is how many there are, how long and how frequent: here one host
// of 16 bytes, one path of 10, and two programs of 10.
func ExampleLearn() {
	request := func(path, agent string) flow.Packet {
		return flow.Packet{Application: flow.HTTP, Payload: []byte("GET " + path + " HTTP/1.1\r\nHost: files.office.com\r\nUser-Agent: " + agent + "\r\n\r\n")}
	}
	statistics, err := payload.Learn(func(yield func(flow.Packet, error) bool) {
		_ = yield(request("/news.html", "Firefox/12"), nil) && yield(request("/news.html", "libwww/6.7"), nil)
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, names := range statistics[0].Names {
		for _, g := range names.Groups {
			fmt.Printf("%s: %d of %d bytes, each %d times\n", names.Kind, g.Names, g.Length, g.Times)
		}
	}
	// Output:
	// agent: 2 of 10 bytes, each 1 times
	// host: 1 of 16 bytes, each 2 times
	// path: 1 of 10 bytes, each 2 times
}
