package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/stage"
)

func (c *command) dataCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "Data sets, and what is in a capture",
		Args:  c.noCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.dataListCommand(), c.dataInfoCommand(), c.dataFetchCommand(), c.dataImportCommand())
	return cmd
}

// digestData reads an experiment's data once, so that the run's id can depend on it.
func digestData(ctx context.Context, d config.Data) (run.Input, error) {
	data, err := stage.OpenData(ctx, d)
	if err != nil {
		return run.Input{}, err
	}
	defer data.Close()
	bytes, sha, err := run.Digest(contextReader{ctx, data})
	if err != nil {
		return run.Input{}, fmt.Errorf("data: %s: %w", data.Name, err)
	}
	if bytes == 0 {
		return run.Input{}, fmt.Errorf("data: %s: the capture is empty", data.Name)
	}
	return run.Input{Name: "data", Path: d.Path, Bytes: bytes, SHA256: sha}, nil
}

// contextReader ends when its context does.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
