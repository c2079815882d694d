package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/datasets/trace"
	"github.com/necstgen/necstgen/experiments/summary"
)

// A LoRaTap capture is recognised by its link type, and its devices are flows.
func TestInfoOfLoRaTap(t *testing.T) {
	var capture bytes.Buffer
	w, err := pcap.NewWriter(&capture, pcap.WriterOptions{LinkType: lorawan.LoRaTapLinkType})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 12 {
		frame, err := lorawan.AppendFrame(nil, lorawan.Frame{Address: uint32(i % 3), Counter: uint32(i), Port: 1}, lorawan.TestNetworkKey, lorawan.TestApplicationKey)
		if err != nil {
			t.Fatal(err)
		}
		u := lorawan.Uplink{Gateway: "0000024b0b031c97", Frequency: 868_100_000, SpreadingFactor: 7, Bandwidth: 125, CRC: 1, Physical: frame}
		record, err := lorawan.AppendLoRaTap(nil, &u, 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(int64(i)*3600e9, record); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := summary.OfTrace(t.Context(), trace.New(&capture, "tap.pcap"), flow.Period{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := printInfo(&out, learntOf(info, nil)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"link types  LoRaTap\n", "LoRaWAN     uplinks 12, devices 3, gateways 1; flows 3, one for each device at each gateway\n", "LORAWAN        12    156      3\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in:\n%s", want, out.String())
		}
	}
}
