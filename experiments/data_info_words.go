package main

import (
	"fmt"

	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/pcap"
)

func describeFormat(i *pcap.Info) string {
	text := i.Format
	if i.Compression != "" {
		text += ", " + i.Compression
	}
	if i.Sections > 1 {
		text += ", " + thousands(int64(i.Sections)) + " sections"
	}
	if i.Application != "" {
		text += ", written by " + i.Application
	}
	return text
}

func devicesOf(d *lorawan.Devices) string {
	text := fmt.Sprintf("uplinks %s, devices %s, gateways %s; flows %s, one for each device at each gateway",
		thousands(d.Uplinks), thousands(d.Devices), thousands(d.Gateways), thousands(d.Flows))
	if d.Joins > 0 {
		text += fmt.Sprintf("; join requests %s", thousands(d.Joins))
	}
	if d.Bad > 0 {
		text += fmt.Sprintf("; with a wrong checksum, which count no device, %s", thousands(d.Bad))
	}
	return text
}
