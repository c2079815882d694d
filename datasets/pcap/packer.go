package pcap

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// compressedExtra is more than the header of a compressed stream, its end and the marks
// between blocks take together.
const compressedExtra = 64

// packer compresses chunks as parts of one stream, which may end behind any of them.
// Encoders know the end of a stream only once, so both packers write it themselves.
type packer interface {
	// pack returns the next part of the stream, valid until the next call, and what would
	// end the stream behind it.
	pack(chunk []byte) (part, end []byte, err error)
}

// gzipPacker makes one member of a gzip file (RFC 1952).
type gzipPacker struct {
	out    bytes.Buffer
	writer *gzip.Writer
	sum    uint32 // CRC-32 of what was packed
	length uint32 // of what was packed, modulo 2^32
}

func newGzipPacker() (*gzipPacker, error) {
	p := &gzipPacker{}
	var err error
	p.writer, err = gzip.NewWriterLevel(&p.out, flate.BestSpeed)
	return p, err
}

// deflateEnd is a last block without a byte (RFC 1951, 3.2.3): it begins at a byte, since
// a flushed part ends there.
var deflateEnd = []byte{3, 0}

func (p *gzipPacker) pack(chunk []byte) (part, end []byte, err error) {
	p.out.Reset()
	if _, err := p.writer.Write(chunk); err != nil {
		return nil, nil, err
	}
	if err := p.writer.Flush(); err != nil {
		return nil, nil, err
	}
	p.sum = crc32.Update(p.sum, crc32.IEEETable, chunk)
	p.length += uint32(len(chunk))
	end = append(end, deflateEnd...)
	end = binary.LittleEndian.AppendUint32(end, p.sum)
	return p.out.Bytes(), binary.LittleEndian.AppendUint32(end, p.length), nil
}

// zstdPacker makes one frame of Zstandard with a checksum (RFC 8878).
type zstdPacker struct {
	out    bytes.Buffer
	writer *zstd.Encoder
	sum    xxhash.Digest // of what was packed
}

// newZstdPacker takes the level of the zstd command's own default: a generated capture of
// 50 MB is 3.01 MB at 110 ms, and 3.17 MB by zstd -3; the fastest level has 3.46 MB at 89 ms.
func newZstdPacker() (*zstdPacker, error) {
	p := &zstdPacker{}
	p.sum.Reset()
	var err error
	p.writer, err = zstd.NewWriter(&p.out, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault))
	return p, err
}

// zstdEnd is a last block without a byte (RFC 8878, 3.1.1.2), before the checksum.
var zstdEnd = []byte{1, 0, 0}

func (p *zstdPacker) pack(chunk []byte) (part, end []byte, err error) {
	p.out.Reset()
	if _, err := p.writer.Write(chunk); err != nil {
		return nil, nil, err
	}
	if err := p.writer.Flush(); err != nil {
		return nil, nil, err
	}
	_, _ = p.sum.Write(chunk) // never fails
	end = append(end, zstdEnd...)
	return p.out.Bytes(), binary.LittleEndian.AppendUint32(end, uint32(p.sum.Sum64())), nil
}
