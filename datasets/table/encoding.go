package table

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// The encodings of https://github.com/apache/parquet-format/blob/master/Encodings.md.

// minRun is the least number of equal values that are written as a run.
const minRun = 24

// appendIndex appends positions in a dictionary of size entries: the bit width,
// then runs and bit-packed groups of eight (RLE_DICTIONARY).
func appendIndex(dst []byte, index []uint32, size int) []byte {
	width := indexWidth(size)
	dst = append(dst, byte(width))
	packed := 0 // start of what waits to be packed
	i := 0
	for i+8 <= len(index) {
		if v := index[i]; v == index[i+1] && v == index[i+7] {
			end := i + 1
			for end < len(index) && index[end] == v {
				end++
			}
			if end-i >= minRun {
				dst = appendRepeated(appendPacked(dst, index[packed:i], width), v, end-i, width)
				i, packed = end, end
				continue
			}
		}
		i += 8
	}
	return appendPacked(dst, index[packed:], width)
}

// indexWidth is the bits of a position in a dictionary of size entries.
func indexWidth(size int) int { return max(1, bits.Len32(uint32(max(0, size-1)))) }

// appendRun is appendIndex of the same position n times.
func appendRun(dst []byte, at uint32, n, size int) []byte {
	width := indexWidth(size)
	return appendRepeated(append(dst, byte(width)), at, n, width)
}

func appendRepeated(dst []byte, v uint32, n, width int) []byte {
	dst = appendVarint(dst, uint64(n)<<1)
	for b := 0; b < width; b += 8 {
		dst = append(dst, byte(v>>b))
	}
	return dst
}

// appendPacked appends a bit-packed run of groups of eight, the last filled up
// with zeros.
func appendPacked(dst []byte, index []uint32, width int) []byte {
	if len(index) == 0 {
		return dst
	}
	groups := (len(index) + 7) / 8
	dst = appendVarint(dst, uint64(groups)<<1|1)
	dst = slices.Grow(dst, groups*width+16)
	out := dst[len(dst):cap(dst)]
	n := 0
	whole := len(index) &^ 7
	if width <= 8 {
		for i := 0; i < whole; i += 8 {
			v := index[i : i+8 : i+8]
			w := uint(width) & 15
			low := uint64(v[0]) | uint64(v[1])<<w | uint64(v[2])<<(2*w) | uint64(v[3])<<(3*w)
			high := uint64(v[4]) | uint64(v[5])<<w | uint64(v[6])<<(2*w) | uint64(v[7])<<(3*w)
			binary.LittleEndian.PutUint64(out[n:], low|high<<(4*w))
			n += width
		}
	} else {
		n = packWide(out, index[:whole], width)
	}
	if whole < len(index) {
		var last [8]uint32
		copy(last[:], index[whole:])
		n += packWide(out[n:], last[:], width)
	}
	return dst[:len(dst)+n]
}

// packWide packs whole groups of any width up to 32 bits.
func packWide(out []byte, index []uint32, width int) int {
	var held uint64
	var count, n int
	for _, v := range index {
		held |= uint64(v) << count
		count += width
		if count >= 32 {
			binary.LittleEndian.PutUint32(out[n:], uint32(held))
			held >>= 32
			count -= 32
			n += 4
		}
	}
	for ; count > 0; count -= 8 {
		out[n] = byte(held)
		held >>= 8
		n++
	}
	return n
}

// A block of deltas and a part of it that has its own bit width.
const (
	deltaBlock = 128
	deltaMini  = 32
)

// appendDeltas appends differences, each block less its least one, in as many
// bits as needed (DELTA_BINARY_PACKED). Sums that overflow wrap, here and in
// readers.
func appendDeltas(dst []byte, values []int64) []byte {
	dst = appendVarint(dst, deltaBlock)
	dst = appendVarint(dst, deltaBlock/deltaMini)
	dst = appendVarint(dst, uint64(len(values)))
	if len(values) == 0 {
		return appendVarint(dst, 0)
	}
	dst = appendVarint(dst, zigzag(values[0]))
	last := values[0]
	var deltas [deltaBlock]int64
	for rest := values[1:]; len(rest) > 0; rest = rest[min(deltaBlock, len(rest)):] {
		n := min(deltaBlock, len(rest))
		least := rest[0] - last
		for i, v := range rest[:n] {
			deltas[i] = v - last
			least = min(least, deltas[i])
			last = v
		}
		for i := n; i < deltaBlock; i++ {
			deltas[i] = least
		}
		dst = appendVarint(dst, zigzag(least))
		dst = appendMinis(dst, &deltas, least, n)
	}
	return dst
}

// appendMinis appends a block's bit widths and packed parts; those that hold no
// value have width 0.
func appendMinis(dst []byte, deltas *[deltaBlock]int64, least int64, n int) []byte {
	widths := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	for mini := 0; mini*deltaMini < n; mini++ {
		part := deltas[mini*deltaMini : (mini+1)*deltaMini]
		var all uint64
		for i := range part {
			part[i] -= least
			all |= uint64(part[i])
		}
		width := bits.Len64(all)
		dst[widths+mini] = byte(width)
		dst = packLong(dst, part, width)
	}
	return dst
}

// packLong packs numbers of any width up to 64 bits.
func packLong(dst []byte, values []int64, width int) []byte {
	if width == 0 {
		return dst
	}
	var held uint64
	var count int
	for _, v := range values {
		held |= uint64(v) << count
		if count+width >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, held)
			held = uint64(v) >> (64 - count) // 0 where count is 0: Go shifts by 64 give 0
			count += width - 64
		} else {
			count += width
		}
	}
	for ; count > 0; count -= 8 {
		dst = append(dst, byte(held))
		held >>= 8
	}
	return dst
}

func zigzag(v int64) uint64 { return uint64(v)<<1 ^ uint64(v>>63) }

// appendBools appends one bit each.
func appendBools(dst []byte, values []bool) []byte {
	var held byte
	for i, v := range values {
		if v {
			held |= 1 << (i & 7)
		}
		if i&7 == 7 {
			dst = append(dst, held)
			held = 0
		}
	}
	if len(values)&7 != 0 {
		dst = append(dst, held)
	}
	return dst
}
