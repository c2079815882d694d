package address

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// No two parts have a port in the same turn, however few ports there are: one at a time, as
// of clients that always have the same, or fewer than there are parts.
func TestPartsShareNoPort(t *testing.T) {
	for _, step := range []uint8{0, 1, 2} {
		for _, size := range []uint16{1, 2, 5, 40, 1000} {
			for _, parts := range []uint32{1, 2, 6, 16} {
				s := &Service{ClientLow: 4001, ClientHigh: 4000 + size, Ports: Ports{Step: step, Spread: 2, Jump: 0.1, Even: 0.5}}
				if err := disjoint(s, parts); err != nil {
					t.Errorf("step %d, %d ports, %d parts: %v", step, size, parts, err)
				}
			}
		}
	}
}

// disjoint has each part draw some ports and returns an error where one is outside the range
// or drawn twice in a turn.
func disjoint(s *Service, parts uint32) error {
	random := rand.New(rand.NewPCG(1, 2))
	seen := make(map[[2]uint32]bool)
	for k := range parts {
		cursor := new(portCursor)
		for range 60 {
			port, turn := cursor.port(s, 7, Part{Index: k, Count: parts}, random)
			if key := [2]uint32{uint32(port), turn}; seen[key] || port < s.ClientLow || port > s.ClientHigh {
				return fmt.Errorf("part %d: port %d in turn %d, seen %v", k, port, turn, seen[key])
			} else {
				seen[key] = true
			}
		}
	}
	return nil
}
