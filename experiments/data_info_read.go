package main

import (
	"bufio"
	"io"

	"github.com/necstgen/necstgen/datasets/lorawan"
	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/experiments/summary"
)

// describe reads a capture or a gateway's log. An error may come beside what was
// read before it.
func describe(r io.Reader, name string) (*captureInfo, error) {
	plain, compression, err := pcap.Decompress(r, name)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	buffered := bufio.NewReaderSize(plain, 1<<16)
	var devices lorawan.Devices
	info := captureInfo{File: pcap.Info{Format: "gateway log (CSV)", Interfaces: []pcap.Interface{}}}
	var failed error
	if lorawan.IsLog(buffered) {
		info.Summary, failed = summary.Of(name, devices.Watch(lorawan.Packets(lorawan.Log(buffered, name))))
		info.LinkTypes = []string{}
	} else {
		capture := pcap.NewReader(buffered, name)
		info.Summary, failed = summary.Of(name, devices.Watch(capture.Packets()))
		info.File = capture.Info()
		info.LinkTypes = info.File.LinkTypes()
	}
	if info.File.Compression = compression; devices.Uplinks > 0 {
		info.Devices = &devices
	}
	return &info, failed
}
