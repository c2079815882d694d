package table

import "github.com/apache/arrow/go/v15/parquet"

// Page headers in Thrift's compact protocol, by the fields of parquet.thrift
// (https://github.com/apache/parquet-format): a field is a byte of the distance
// to the field before and the type, then the value.

const (
	thriftI32    = 5
	thriftStruct = 12
)

// maxPageHeader is more than a header can take: three fields of at most six
// bytes before a structure of four.
const maxPageHeader = 64

func appendDataHeader(dst []byte, rows int, encoding parquet.Encoding, raw, packed int) []byte {
	dst = appendPageSizes(dst, 0, raw, packed)
	dst = append(dst, 2<<4|thriftStruct) // field 5, data_page_header
	dst = appendField(dst, 1, rows)
	dst = appendField(dst, 1, int(encoding))
	dst = appendField(dst, 1, int(parquet.Encodings.RLE)) // definition levels, of which there are none
	dst = appendField(dst, 1, int(parquet.Encodings.RLE)) // repetition levels
	return append(dst, 0, 0)
}

func appendDictionaryHeader(dst []byte, count, raw, packed int) []byte {
	dst = appendPageSizes(dst, 2, raw, packed)
	dst = append(dst, 4<<4|thriftStruct) // field 7, dictionary_page_header
	dst = appendField(dst, 1, count)
	dst = appendField(dst, 1, int(parquet.Encodings.Plain))
	return append(dst, 0, 0)
}

// appendPageSizes appends the fields 1 to 3: type, size before and after compression.
func appendPageSizes(dst []byte, pageType, raw, packed int) []byte {
	dst = appendField(dst, 1, pageType)
	dst = appendField(dst, 1, raw)
	return appendField(dst, 1, packed)
}

func appendField(dst []byte, distance, value int) []byte {
	return appendVarint(append(dst, byte(distance<<4|thriftI32)), uint64(value)<<1) // zigzag of a positive number
}

func appendVarint(dst []byte, v uint64) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}
