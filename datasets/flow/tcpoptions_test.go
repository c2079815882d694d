package flow

import (
	"fmt"
	"testing"
)

func TestTCPOptions(t *testing.T) {
	for _, text := range []string{"", "mss", "mss,sok,ts,nop,ws", "nop,nop,ts,nop,nop,sack", "mss,nop,ws,nop,nop,ts,sok,eol", "other",
		"nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,nop,ts"} {
		var o TCPOptions
		if err := o.UnmarshalText([]byte(text)); err != nil || o.String() != text {
			t.Errorf("%q is read as %q, %v", text, o, err)
		}
	}
	for _, text := range []string{"mss,", ",", "MSS", "mss nop", "?8", "ts,ts,ts,ts,ts,ts,ts,ts,ts,ts,ts,ts,ts,ts,ts,ts,ts"} {
		o := NewTCPOptions(OptionMSS)
		if err := o.UnmarshalText([]byte(text)); err == nil || o != NewTCPOptions(OptionMSS) {
			t.Errorf("%q is read as %q, want an error and nothing changed", text, o)
		}
	}
}

// Every number is of one kind, and every kind that has a number is that of its number.
func TestOptionNumbers(t *testing.T) {
	for number := range 256 {
		kind := OptionOf(uint8(number))
		if kind < OptionEnd || kind > OptionOther || kind != OptionOther && kind.Number() != uint8(number) {
			t.Errorf("number %d is kind %d, whose number is %d", number, kind, kind.Number())
		}
	}
}

func TestOptionAt(t *testing.T) {
	o := NewTCPOptions(OptionMSS, OptionNOP, OptionScale)
	n := 0
	for ; ; n++ {
		kind, ok := o.At(n)
		if !ok {
			break
		}
		if !o.Has(kind) {
			t.Errorf("%v has no %d", o, kind)
		}
	}
	if n != 3 || o.Has(OptionTimestamps) || NewTCPOptions().Has(OptionEnd) {
		t.Errorf("%v has %d options", o, n)
	}
}

// The options of a SYN say which system has sent it.
func ExampleTCPOptions() {
	linux := NewTCPOptions(OptionMSS, OptionSACKOK, OptionTimestamps, OptionNOP, OptionScale)
	fmt.Println(linux, linux.Has(OptionTimestamps))
	// Output: mss,sok,ts,nop,ws true
}
