package table

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/datasets/feature"
	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/pcap"
)

// traces are the Ethernet captures of the shared folder, in memory.
func traces(b *testing.B) map[string][]byte {
	b.Helper()
	folder, err := os.Getwd()
	if err != nil {
		b.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil || folder == filepath.Dir(folder) {
			break
		}
		folder = filepath.Dir(folder)
	}
	paths, err := filepath.Glob(filepath.Join(folder, "..", "shared", "traces", "*.pcap*"))
	if err != nil || len(paths) == 0 {
		b.Skip("the folder of traces is missing")
	}
	files := make(map[string][]byte)
	for _, path := range paths {
		if strings.Contains(path, "fuzz") {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		files[filepath.Base(path)] = content
	}
	return files
}

// BenchmarkCaptureToParquet is the whole way: capture, layers and applications,
// flow ids, features of each packet, Parquet.
func BenchmarkCaptureToParquet(b *testing.B) {
	files := traces(b)
	for _, stage := range []string{"read", "label", "features", "parquet"} {
		b.Run(stage, func(b *testing.B) {
			b.ReportAllocs()
			var out counting
			w, err := NewPacketWriter(&out, Parquet)
			if err != nil {
				b.Fatal(err)
			}
			x, err := feature.NewExtractor(feature.General, feature.Compat{})
			if err != nil {
				b.Fatal(err)
			}
			var row []float64
			n := 0
			for n < b.N {
				for name, content := range files {
					packets := pcap.Packets(bytes.NewReader(content), name)
					if stage != "read" {
						packets = new(flow.Assembler).Label(packets)
					}
					for p, err := range packets {
						if err != nil {
							continue
						}
						n++
						if stage == "features" || stage == "parquet" {
							row = x.Append(row[:0], &p)
						}
						if stage == "parquet" {
							if err := w.Write(&p); err != nil {
								b.Fatal(err)
							}
						}
					}
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "packets/s")
			b.ReportMetric(float64(out.n)/float64(n), "file-B/packet")
		})
	}
}
