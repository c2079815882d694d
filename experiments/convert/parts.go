package convert

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// PartName returns the table that Parts makes of a file: week1-monday.pcap.gz.parquet in
// the folder, for week1/monday.pcap.gz.
func PartName(folder, file string) string {
	name := strings.TrimLeft(filepath.ToSlash(filepath.Clean(file)), "./")
	return filepath.Join(folder, strings.ReplaceAll(name, "/", "-")+".parquet")
}

// Parts makes a table of the packets of each file by itself in a folder, which it creates;
// done gets each one, with nil where it was there already, as new as its file. The tables
// together are the trace of the files, to be read by Run: flows are found anew where they
// go on in another file. What is lost is what a payload of one file says of another: that
// FTP or SIP will open a connection on some port.
func Parts(ctx context.Context, files []string, folder string, say func(string), done func(part string, r *Result) error) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return fmt.Errorf("convert: %w", err)
	}
	from := make(map[string]string) // file by part
	for _, file := range files {
		part := PartName(folder, file)
		if other, known := from[part]; known && other != file {
			return fmt.Errorf("convert: %s and %s would both be %s: want names that differ in more than / and -", other, file, part)
		}
		from[part] = file
	}
	for _, file := range files {
		part := PartName(folder, file)
		if newer(part, file) {
			if err := done(part, nil); err != nil {
				return err
			}
			continue
		}
		r, err := Run(ctx, []string{file}, Options{Packets: part, MayBeEmpty: true}, say)
		if err == nil {
			err = done(part, r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// newer reports whether a part is there that was written after its file.
func newer(part, file string) bool {
	made, err := os.Stat(part)
	if err != nil {
		return false
	}
	source, err := os.Stat(file)
	return err == nil && made.ModTime().After(source.ModTime())
}
