package lorawan

import (
	"bytes"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/lorawan/lorawantest"
)

func FuzzFrame(f *testing.F) {
	f.Add(unhex(f, exampleFrame))
	f.Add(unhex(f, "00dc0000d07ed5b3701e6fedf57ceeaf00c886030af2c9"))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := ParseFrame(b)
		if err != nil {
			return
		}
		if _, err := lorawantest.CheckMIC(b, frame.Counter, TestNetworkKey); err != nil {
			t.Error(err)
		}
		if _, err := lorawantest.Decrypt(b, frame.Payload, frame.Counter, TestApplicationKey); err != nil {
			t.Error(err)
		}
	})
}

func FuzzLog(f *testing.F) {
	f.Add(strings.Join(logColumns, ",") + "\n2020-04-25 01:01:23.562519+00:00,26012682,QIImASYAVXkBl4VrQJm//ccHbA==,0000024b0b031c97,1,867500000,7.0,125.0,4/5,-78,7.0,-1,10,31061,1.0\n")
	f.Fuzz(func(t *testing.T, text string) {
		for u, err := range Log(strings.NewReader(text), "fuzz") {
			if err == nil {
				Lengths(&u, feature.Compat{})
			}
		}
	})
}

func FuzzPushData(f *testing.F) {
	datagram, err := AppendPushData(nil, &PushData{Version: 2, Uplinks: uplinks(f)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(datagram)
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePushData(b, 0)
		if err != nil {
			return
		}
		for i := range p.Uplinks {
			Lengths(&p.Uplinks[i], feature.Compat{})
		}
	})
}

func FuzzLoRaTap(f *testing.F) {
	record, err := AppendLoRaTap(nil, &uplinks(f)[0], 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Fuzz(func(t *testing.T, b []byte) {
		u, err := parseLoRaTap(b, 0)
		if err != nil {
			return
		}
		if again, err := AppendLoRaTap(nil, &u, 0); err == nil && b[10] < 255 {
			back, err := parseLoRaTap(again, 0)
			if err != nil || back.RSSI != u.RSSI || back.SNR != u.SNR || !bytes.Equal(back.Physical, u.Physical) {
				t.Errorf("%+v came back as %+v, %v", u, back, err)
			}
		}
	})
}

// FuzzRead: any bytes end, and what is an uplink keeps its laws: it is a packet with
// Radio and without addresses, and the uplink that it stands for is that packet again.
func FuzzRead(f *testing.F) {
	list := three(f)
	f.Add(logOf(f, list))
	f.Add(tapOf(f, list))
	f.Add(semtechOf(f, list))
	f.Add(gzipped(f, logOf(f, list)))
	f.Fuzz(func(t *testing.T, content []byte) {
		if len(content) > 1<<16 {
			t.Skip()
		}
		var last error
		for p, err := range Read(bytes.NewReader(content), "fuzz") {
			if last != nil && !isRecord(last) {
				t.Fatalf("the stream goes on behind %v", last)
			}
			if last = err; err != nil {
				continue
			}
			if p.Radio == nil || p.Radio.Downlink() || p.Tuple.Proto != 0 || p.HeaderLength < 0 || p.PayloadLength < 0 || p.HeaderLength+p.PayloadLength > p.Length {
				t.Fatalf("%+v", p)
			}
			u := UplinkOf(&p)
			again := flow.Packet{Number: p.Number}
			if !u.packet(&again) || again.Radio.Device() != p.Radio.Device() || again.Time != p.Time {
				t.Fatalf("%+v\nof %+v\nof %+v", again, u, p)
			}
		}
	})
}
