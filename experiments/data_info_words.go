package main

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/experiments/output"
)

// describeFormat says what a file is.
func describeFormat(i *pcap.Info) string {
	text := i.Format
	if i.Compression != "" {
		text += ", " + i.Compression
	}
	if i.Sections > 1 {
		text += ", " + output.Thousands(int64(i.Sections)) + " sections"
	}
	if i.Application != "" {
		text += ", written by " + i.Application
	}
	return text
}

// describeDevices says what LoRaWAN devices a trace has.
func describeDevices(d *lorawan.Devices) string {
	text := fmt.Sprintf("uplinks %s, devices %s, gateways %s; flows %s, one for each device at each gateway",
		output.Thousands(d.Uplinks), output.Thousands(d.Devices), output.Thousands(d.Gateways), output.Thousands(d.Flows))
	if d.Joins > 0 {
		text += fmt.Sprintf("; join requests %s", output.Thousands(d.Joins))
	}
	if d.Bad > 0 {
		text += fmt.Sprintf("; with a wrong checksum, which count no device, %s", output.Thousands(d.Bad))
	}
	return text
}
