package pcap

import (
	"errors"
	"fmt"
)

// ErrNotCapture is inside the error for input that is no capture: its first
// bytes are the magic number of none of the formats.
var ErrNotCapture = errors.New("not a capture: want pcap or pcapng, plain or compressed with gzip or zstd")

// DecodeError is one damaged record. It stands in the stream in place of a good
// packet, and reading goes on behind it.
type DecodeError struct {
	Name   string // of the capture, as given to Packets
	Number int64  // of the packet, from 0
	Err    error  // what is wrong with it
}

// Error names the capture and the packet.
func (e *DecodeError) Error() string {
	return fmt.Sprintf("pcap: %s: packet %d: %v", e.Name, e.Number, e.Err)
}

// Unwrap returns the cause.
func (e *DecodeError) Unwrap() error { return e.Err }

// RecordNumber returns Number. By having it an error says that it belongs to
// one record and not to the file.
func (e *DecodeError) RecordNumber() int64 { return e.Number }

// errRecord is what is wrong with one record; reading goes on.
type errRecord struct{ err error }

func (e errRecord) Error() string { return e.err.Error() }
func (e errRecord) Unwrap() error { return e.err }

func damagedf(format string, args ...any) error { return errRecord{fmt.Errorf(format, args...)} }
