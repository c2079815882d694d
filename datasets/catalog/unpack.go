package catalog

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/necstgen/necstgen/datasets/disk"
)

// maxMembers bounds a zip file's members: LoED, the largest that is known, has some 400 with those of its maker's file system.
const maxMembers = 20_000

// unpack writes a zip file's plain members below dir, all or nothing. Members that would leave dir, links and the like are refused, as is
// more than limit bytes in all, whatever sizes the file claims. What Apple's archiver adds is left out.
func unpack(archive, dir string, limit int64) (err error) {
	r, err := zip.OpenReader(archive)
	if err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer r.Close()
	if len(r.File) > maxMembers {
		return fmt.Errorf("unpack: %d members, more than the limit of %d", len(r.File), maxMembers)
	}
	var claimed uint64
	for _, member := range r.File {
		claimed += member.UncompressedSize64
		if claimed > uint64(limit) {
			return fmt.Errorf("unpack: members of more than %d bytes in all", limit)
		}
	}
	if err := disk.Room(filepath.Dir(dir), int64(claimed)); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	beside := dir + ".unpacking"
	if err := os.RemoveAll(beside); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(beside))
		}
	}()
	if err := os.Mkdir(beside, 0o755); err != nil {
		return fmt.Errorf("unpack: %w", err)
	}
	for _, member := range r.File {
		written, err := unpackMember(member, beside, limit)
		if err != nil {
			return fmt.Errorf("unpack: member %q: %w", member.Name, err)
		}
		limit -= written
	}
	return os.Rename(beside, dir)
}

func unpackMember(member *zip.File, dir string, limit int64) (int64, error) {
	name := filepath.FromSlash(member.Name)
	base := filepath.Base(name)
	if strings.HasSuffix(member.Name, "/") || strings.HasPrefix(member.Name, "__MACOSX/") || base == ".DS_Store" || strings.HasPrefix(base, "._") {
		return 0, nil
	}
	if !filepath.IsLocal(name) || strings.Contains(member.Name, `\`) {
		return 0, errors.New("leaves the folder")
	}
	if !member.Mode().IsRegular() {
		return 0, fmt.Errorf("is no plain file (%v)", member.Mode())
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return 0, err
	}
	in, err := member.Open()
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) // a name may come once
	if err != nil {
		return 0, err
	}
	written, err := io.Copy(out, io.LimitReader(in, limit+1))
	if err == nil && written > limit {
		err = errors.New("is longer than the limit")
	}
	return written, errors.Join(err, out.Close())
}
