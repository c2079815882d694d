package address

// scatter maps n by a permutation of 0 to size-1, another one for each key: a small
// Feistel network over the next power of four, walked until it is inside.
func scatter(n, size, key uint32) uint32 {
	half := uint32(1)
	for 1<<(2*half) < size {
		half++
	}
	mask := uint32(1)<<half - 1
	for {
		left, right := n>>half, n&mask
		for round := range uint32(4) {
			x := (right+key)*0x9e3779b1 + round*0x85ebca6b
			x ^= x >> 15
			x *= 0x2c1b3c6d
			x ^= x >> 13
			left, right = right, left^x&mask
		}
		n = left<<half | right
		if n < size {
			return n
		}
	}
}
