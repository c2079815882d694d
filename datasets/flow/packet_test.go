package flow

import "testing"

func TestPadding(t *testing.T) {
	for _, test := range []struct {
		name                    string
		length, header, payload int32
		want                    int32
	}{
		{"bare ACK on Ethernet", 60, 54, 0, 6},
		{"bare ACK captured before it is padded", 54, 54, 0, 0},
		{"SMTP line of one byte", 60, 54, 1, 5},
		{"full segment", 1514, 66, 1448, 0},
		{"integrity code of an uplink", 23, 9, 10, 4},
		{"lengths that contradict each other", 60, 54, 1460, 0},
		{"header alone that contradicts the frame", 40, 54, 0, 0},
		{"no lengths", 0, 0, 0, 0},
	} {
		p := Packet{Length: test.length, HeaderLength: test.header, PayloadLength: test.payload}
		if got := p.Padding(); got != test.want {
			t.Errorf("%s: %d of padding in %d bytes with header %d and payload %d, want %d", test.name, got, test.length, test.header, test.payload, test.want)
		}
	}
}
