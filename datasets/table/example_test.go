package table_test

import (
	"fmt"
	"iter"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/datasets/flow"
	"github.com/necstgen/necstgen/datasets/table"
)

func ExampleWritePackets() {
	packets := func(yield func(flow.Packet, error) bool) {
		yield(flow.Packet{Time: 920294090_227178800, Length: 60, HeaderLength: 58, Application: flow.HTTP, Flags: flow.SYN,
			Tuple: flow.FiveTuple{Proto: flow.TCP, Src: netip.MustParseAddrPort("172.16.116.201:1773"), Dst: netip.MustParseAddrPort("209.67.29.11:80")}}, nil)
	}
	folder, err := os.MkdirTemp("", "table")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "packets.parquet")
	if err := write(path, packets); err != nil {
		fmt.Println(err)
		return
	}
	for p, err := range table.ReadPackets(path) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(p.Timestamp(), p.Tuple.Src, p.Tuple.Dst, p.Flags, p.Length, p.Application)
	}
	// Output: 1999-03-01 13:14:50.2271788 +0000 UTC 172.16.116.201:1773 209.67.29.11:80 SYN 60 HTTP
}

func write(path string, packets iter.Seq2[flow.Packet, error]) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := table.WritePackets(f, table.Parquet, packets); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// From a stream of packets to their table and the features of each, in one pass.
func ExampleExport_Write() {
	packets := func(yield func(flow.Packet, error) bool) {
		for i := range 3 {
			p := flow.Packet{Time: 920294090e9 + int64(i)*5e8, Length: 60, HeaderLength: 54, Application: flow.HTTP}
			if !yield(p, nil) {
				return
			}
		}
	}
	folder, err := os.MkdirTemp("", "table")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "features.csv")
	f, err := os.Create(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	if err := (table.Export{Features: f, Format: table.CSV}).Write(packets); err != nil {
		fmt.Println(err)
		return
	}
	features, err := table.ReadFeatures(path)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(features.Names[7:10])
	for row := range features.Rows {
		fmt.Println(row[7:10])
	}
	// Output:
	// [length_total time_diff rate]
	// [60 0 0]
	// [60 0.5 120]
	// [60 0.5 120]
}
