//go:build linux

// Command record builds the testbed, drives its clients and writes what passed the tap as a capture. It must run as root; record.sh
// installs what it needs, runs it, checks the capture and compresses it.
//
//	record -out office.pcap -duration 9m -seed 1
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/necstgen/necstgen/datasets/testbed/recorder"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var cfg recorder.Config
	flag.StringVar(&cfg.Out, "out", "office.pcap", "capture to write")
	flag.StringVar(&cfg.Load, "load", "office", "what to record: office (HTTP, SMTP, DNS, SNMP) or services (the others)")
	flag.DurationVar(&cfg.Duration, "duration", 9*time.Minute, "no session begins later than this")
	flag.Uint64Var(&cfg.Seed, "seed", 1, "seed of the load and of the wires' losses")
	flag.StringVar(&cfg.Role, "role", "", "be one part of the testbed (the program starts itself so)")
	flag.Int64Var(&cfg.Start, "start", 0, "with -role gateway-N: when the devices' schedules begin, Unix seconds")
	flag.Parse()
	if err := recorder.Run(ctx, cfg, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
