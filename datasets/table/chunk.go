package table

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/apache/arrow/go/v15/parquet"
	"github.com/klauspost/compress/s2"
)

// chunk is one column of the row group that is being written: its pages,
// compressed, and its dictionary, which all of them share.
type chunk struct {
	kind      kind
	pages     []byte
	rawSize   int64 // of the pages before compression, headers included
	encodings map[parquet.Encoding]int32

	small   []uint32          // position in numbers + 1, by value; of columns of whole numbers below 2^16
	numbers []int64           // the dictionary's values
	floats  map[uint64]uint32 // position in bits, by bits
	bits    []uint64
	many    bool // floats have too many values for a dictionary
	lookup  map[string]uint32
	texts   []string

	rawDictionary int64
	bounded       bool // lo and hi are set
	lo, hi        int64

	index []uint32 // scratch
	remap []uint32
}

// maxFloats bounds the dictionary of a column of floats.
const maxFloats = 1024

func newChunk(k kind) *chunk {
	c := &chunk{kind: k, encodings: make(map[parquet.Encoding]int32)}
	switch k {
	case kindText:
		c.lookup = make(map[string]uint32)
	case kindFloat64:
		c.floats = make(map[uint64]uint32)
	}
	return c
}

// plainEncoding is the encoding of pages without a dictionary.
func (c *chunk) plainEncoding() parquet.Encoding {
	if c.kind == kindInt64 || c.kind == kindTime {
		return parquet.Encodings.DeltaBinaryPacked
	}
	return parquet.Encodings.Plain
}

// reset begins the next row group.
func (c *chunk) reset() {
	for _, v := range c.numbers {
		c.small[v] = 0
	}
	clear(c.encodings)
	clear(c.floats)
	clear(c.lookup)
	c.pages, c.numbers, c.bits, c.texts = c.pages[:0], c.numbers[:0], c.bits[:0], c.texts[:0]
	c.rawSize, c.rawDictionary, c.many, c.bounded = 0, 0, false, false
}

// encode appends a page of values to dst.
func (c *chunk) encode(dst []byte, values any) ([]byte, parquet.Encoding) {
	switch values := values.(type) {
	case []int64:
		return c.encodeDeltas(dst, values)
	case timeColumn:
		return c.encodeDeltas(dst, values)
	case []int32:
		return encodeNumbers(c, dst, values)
	case []uint32:
		return encodeNumbers(c, dst, values)
	case []uint16:
		return encodeNumbers(c, dst, values)
	case []uint8:
		return encodeNumbers(c, dst, values)
	case []bool:
		return appendBools(dst, values), parquet.Encodings.Plain
	case []float64:
		return c.encodeFloats(dst, values)
	case dictionaryColumn:
		return c.encodeDictionary(dst, values), parquet.Encodings.RLEDict
	case enumColumn:
		return c.encodeEnum(dst, values), parquet.Encodings.RLEDict
	case nullColumn:
		return c.encodeNulls(dst, values)
	}
	return dst, parquet.Encodings.Plain
}

func (c *chunk) encodeDeltas(dst []byte, values []int64) ([]byte, parquet.Encoding) {
	if !c.bounded && len(values) > 0 {
		c.bounded, c.lo, c.hi = true, values[0], values[0]
	}
	for _, v := range values {
		c.lo, c.hi = min(c.lo, v), max(c.hi, v)
	}
	return appendDeltas(dst, values), parquet.Encodings.DeltaBinaryPacked
}

// encodeNumbers uses the dictionary where all values lie below 2^16, else plain
// four bytes.
func encodeNumbers[T int32 | uint32 | uint16 | uint8](c *chunk, dst []byte, values []T) ([]byte, parquet.Encoding) {
	var all uint32 // values or'ed: small iff all are
	for _, v := range values {
		all |= uint32(v)
	}
	if all > math.MaxUint16 {
		for _, v := range values {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(v))
		}
		return dst, parquet.Encodings.Plain
	}
	small := c.positions()
	index := c.scratch(len(values))
	for i, v := range values {
		at := small[uint16(v)]
		if at == 0 {
			c.numbers = append(c.numbers, int64(v))
			at = uint32(len(c.numbers))
			small[uint16(v)] = at
		}
		index[i] = at - 1
	}
	return appendIndex(dst, index, len(c.numbers)), parquet.Encodings.RLEDict
}

func (c *chunk) positions() *[1 << 16]uint32 {
	if c.small == nil {
		c.small = make([]uint32, 1<<16)
	}
	return (*[1 << 16]uint32)(c.small)
}

// encodeNulls is one run of what stands for no value. Only small numbers, text
// and floats can be absent.
func (c *chunk) encodeNulls(dst []byte, rows nullColumn) ([]byte, parquet.Encoding) {
	switch c.kind {
	case kindText:
		at := c.position("")
		return appendRun(dst, at, rows.n, len(c.texts)), parquet.Encodings.RLEDict
	case kindFloat64:
		if c.many {
			return c.encodeFloats(dst, rows.values().([]float64))
		}
		at := c.floatPosition(math.Float64bits(math.NaN()))
		return appendRun(dst, at, rows.n, len(c.bits)), parquet.Encodings.RLEDict
	}
	small := c.positions()
	if small[0] == 0 {
		c.numbers = append(c.numbers, 0)
		small[0] = uint32(len(c.numbers))
	}
	return appendRun(dst, small[0]-1, rows.n, len(c.numbers)), parquet.Encodings.RLEDict
}

func (c *chunk) scratch(n int) []uint32 {
	if cap(c.index) < n {
		c.index = make([]uint32, n)
	}
	return c.index[:n]
}

func (c *chunk) encodeFloats(dst []byte, values []float64) ([]byte, parquet.Encoding) {
	if !c.many {
		index := c.scratch(len(values))
		last, at := uint64(0), uint32(math.MaxUint32)
		for i, v := range values {
			if b := math.Float64bits(v); b != last || at == math.MaxUint32 {
				at, last = c.floatPosition(b), b
			}
			index[i] = at
			if len(c.bits) > maxFloats {
				c.many = true
				break
			}
		}
		if !c.many {
			return appendIndex(dst, index, len(c.bits)), parquet.Encodings.RLEDict
		}
	}
	for _, v := range values {
		dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
	}
	return dst, parquet.Encodings.Plain
}

func (c *chunk) floatPosition(bits uint64) uint32 {
	at, ok := c.floats[bits]
	if !ok {
		at = uint32(len(c.bits))
		c.floats[bits] = at
		c.bits = append(c.bits, bits)
	}
	return at
}

func (c *chunk) position(text string) uint32 {
	at, ok := c.lookup[text]
	if !ok {
		at = uint32(len(c.texts))
		c.lookup[text] = at
		c.texts = append(c.texts, text)
	}
	return at
}

func (c *chunk) encodeDictionary(dst []byte, values dictionaryColumn) []byte {
	c.remap = c.remap[:0]
	same := true
	for i, text := range values.list {
		at := c.position(text)
		same = same && int(at) == i
		c.remap = append(c.remap, at)
	}
	index := values.index
	if !same {
		index = c.scratch(len(values.index))
		for i, v := range values.index {
			index[i] = c.remap[v]
		}
	}
	return appendIndex(dst, index, len(c.texts))
}

func (c *chunk) encodeEnum(dst []byte, values enumColumn) []byte {
	var remap [256]uint32
	index := c.scratch(len(values.codes))
	for i, code := range values.codes {
		at := remap[code]
		if at == 0 {
			at = c.position(values.text(code)) + 1
			remap[code] = at
		}
		index[i] = at - 1
	}
	return appendIndex(dst, index, len(c.texts))
}

// addPage compresses a page and appends it to the chunk.
func (c *chunk) addPage(page []byte, encoding parquet.Encoding, rows int) {
	start := len(c.pages)
	head := start + maxPageHeader
	c.pages = slices.Grow(c.pages, maxPageHeader+s2.MaxEncodedLen(len(page)))
	packed := s2.EncodeSnappy(c.pages[head:cap(c.pages)], page)
	c.pages = c.pages[:head+len(packed)]
	header := appendDataHeader(make([]byte, 0, maxPageHeader), rows, encoding, len(page), len(packed))
	c.pages = prependHeader(c.pages, start, header)
	c.rawSize += int64(len(header) + len(page))
	c.encodings[encoding]++
}

// prependHeader puts a header of unknown length in front of what stands behind the room
// that was left for it.
func prependHeader(pages []byte, start int, header []byte) []byte {
	n := copy(pages[start:], header)
	copy(pages[start+n:], pages[start+maxPageHeader:])
	return pages[:len(pages)-maxPageHeader+n]
}

// dictionaryPage is the dictionary with its header, empty where pages use none.
func (c *chunk) dictionaryPage() []byte {
	if c.encodings[parquet.Encodings.RLEDict] == 0 {
		return nil
	}
	var raw []byte
	count := 0
	switch c.kind {
	case kindText:
		count = len(c.texts)
		for _, text := range c.texts {
			raw = binary.LittleEndian.AppendUint32(raw, uint32(len(text)))
			raw = append(raw, text...)
		}
	case kindFloat64:
		count = len(c.bits)
		for _, b := range c.bits {
			raw = binary.LittleEndian.AppendUint64(raw, b)
		}
	default:
		count = len(c.numbers)
		for _, v := range c.numbers {
			raw = binary.LittleEndian.AppendUint32(raw, uint32(v))
		}
	}
	packed := s2.EncodeSnappy(nil, raw)
	page := appendDictionaryHeader(nil, count, len(raw), len(packed))
	c.rawDictionary = int64(len(page) + len(raw))
	return append(page, packed...)
}
