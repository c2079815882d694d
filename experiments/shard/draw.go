// Package shard generates an amount of traffic in shards: files of one span of time each,
// which are one capture in time order when they stand one behind the other, and which can
// be drawn apart, by several processes and on several machines.
//
//	Number   one of several shards, and Name that of its file
//	Plan     what all shards have in common, kept in a file beside them
//	Drawing  draws shards that are not there yet, several at once
//
// What belongs to a shard is decided by package saved (saved.Division).
package shard

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"

	"github.com/necstgen/necstgen/datasets/tcp"
	"github.com/necstgen/necstgen/experiments/output"
	"github.com/necstgen/necstgen/experiments/saved"
)

// Drawing is shards that are being drawn.
type Drawing struct {
	Source  *saved.Source
	Plan    *Plan
	Options tcp.Options
	Jobs    int // shards that are drawn at once

	Shown func(packets int64) // gets the number of packets so far, of all shards; nil: nobody wants it
	Done  func(Drawn)         // gets each shard that has been drawn, or that was there

	// Neither function is called twice at once.

	mu      sync.Mutex // of packets, Shown and Done
	packets int64
}

// Drawn is a shard that is there.
type Drawn struct {
	Shard   string   `json:"shard"` // like 3/16
	Paths   []string `json:"paths"`
	There   bool     `json:"there,omitempty"` // it was there before
	Packets int64    `json:"packets,omitempty"`
	Redrawn float64  `json:"redrawn,omitempty"` // flows of shards before it that were drawn for their last packets, as a multiple of its own
	Cut     int64    `json:"cut,omitempty"`     // packets that were left out, of flows that last longer than those learnt
}

// Run draws the shards of these numbers that are not there. When one fails, those under
// way are ended and no other is begun. A shard has its name only when it is whole, so that
// the same Run goes on with what is missing.
func (d *Drawing) Run(ctx context.Context, numbers []int) error {
	if err := agree(deviceName(d.Plan.Outs[0], d.Plan.Count), d.Source.Device()); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(max(1, d.Jobs), len(numbers)) {
		workers.Go(func() {
			for i := range next {
				if err := d.draw(ctx, Number{i, d.Plan.Count}); err != nil {
					cancel(fmt.Errorf("shard %d of %d: %w", i, d.Plan.Count, err))
				}
			}
		})
	}
	for _, i := range numbers {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// draw draws one shard, unless it is there.
func (d *Drawing) draw(ctx context.Context, n Number) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	done := Drawn{Shard: n.String()}
	done.Paths, done.There = d.Plan.paths(n)
	if !done.There {
		shard, err := d.Source.Shard(d.Plan.Amount, d.Plan.Division, n.Index-1, d.Options)
		if err != nil {
			return err
		}
		if done.Packets, err = d.write(ctx, shard, done.Paths); err != nil {
			return err
		}
		done.Redrawn, done.Cut = shard.Redrawn(), shard.Cut()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.Done(done)
	return nil
}

// write writes the files of a shard, all of them or none.
func (d *Drawing) write(ctx context.Context, shard *saved.Shard, paths []string) (packets int64, err error) {
	temporary := make([]string, len(paths))
	for i, path := range paths {
		temporary[i] = unfinished(path)
	}
	files, err := output.Create(temporary, output.Options{Link: d.Options.Link}, nil)
	if err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, files.Close())
		for i, f := range files.All {
			if err == nil {
				err = errors.Join(toDisk(f.Path), os.Rename(f.Path, paths[i]))
			}
			if err != nil {
				_ = os.Remove(f.Path) // the error before says more
			}
		}
	}()
	before := int64(0)
	return output.Write(ctx, shard.Frames(ctx), func(n int64) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.packets += n - before
		if before = n; d.Shown != nil {
			d.Shown(d.packets)
		}
	}, files.Sinks()...)
}

// toDisk writes what the system holds of a file to the disk.
func toDisk(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// unfinished returns a name with the same ending for a file that is not whole, another one
// at each call: processes that draw the same shard do not meet.
func unfinished(path string) string {
	folder, base := filepath.Split(path)
	return fmt.Sprintf("%s.unfinished-%08x-%s", folder, rand.Uint32(), base)
}
