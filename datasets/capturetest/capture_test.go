package capturetest_test

import (
	"os"
	"testing"

	"github.com/necstgen/necstgen/datasets/capturetest"
)

// TestCapture checks a capture of any size that generate --complete wrote, with
// every tool that is installed:
//
//	NECSTGEN_CAPTURE=mix.pcap NECSTGEN_TABLE=mix.parquet NECSTGEN_TRAINING=real.pcap go test -v -run TestCapture ./datasets/capturetest
//
// The table and the training capture may be left out.
func TestCapture(t *testing.T) {
	capture := os.Getenv("NECSTGEN_CAPTURE")
	if capture == "" {
		t.Skip("NECSTGEN_CAPTURE names no capture to check")
	}
	capturetest.Check(t, capture, capturetest.Expect{
		Complete: true, Table: os.Getenv("NECSTGEN_TABLE"), Training: os.Getenv("NECSTGEN_TRAINING"),
	})
}
