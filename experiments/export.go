package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/necstgen/necstgen/datasets/atomicfile"
	"github.com/necstgen/necstgen/experiments/archive"
	"github.com/necstgen/necstgen/experiments/run"
)

// archiveSuffix ends the names of the files that export writes.
const archiveSuffix = ".tar.zst"

func (c *command) exportCommand() *cobra.Command {
	var share bool
	cmd := &cobra.Command{
		Use:   "export RUN FILE.tar.zst",
		Short: "Write a finished run into one file, for another machine",
		Long: `Writes a run with all its files into one archive, which import unpacks, and
tar --zstd, too. As FILE, - is the standard output.

With --share it writes model, configuration, scores and report, and nothing of
the capture that the run has learnt from: no packets or flows of it, no
addresses, payloads and paths, none of the name, tags and note. Generators that
keep the capture's flows or payloads cannot be shared. A model remembers all
the same: how large the largest flow was, for one, can be seen in it.`,
		Example: "  go run ./experiments export quickstart quickstart.tar.zst\n" +
			"  go run ./experiments export office office.tar.zst --share\n" +
			"  go run ./experiments export office - | ssh host experiments import -",
		Args:              arguments(2, 2, wantedRun+"; and a file whose name ends in "+archiveSuffix+", or -"),
		ValidArgsFunction: c.completeRun,
		RunE:              func(cmd *cobra.Command, args []string) error { return c.export(cmd.Context(), args[0], args[1], share) },
	}
	cmd.Flags().BoolVar(&share, "share", false, "leave out all that is the capture's or its user's")
	return cmd
}

// export writes a run as an archive and says what is in it.
func (c *command) export(ctx context.Context, ref, file string, share bool) error {
	m, err := run.Find(c.runs, ref)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return archive.Export(ctx, w, m) }
	if share {
		write = func(w io.Writer) error {
			m, err = archive.Share(ctx, w, m)
			return err
		}
	}
	out, ok := c.out.(*os.File)
	switch {
	case file == "-" && ok && term.IsTerminal(int(out.Fd())):
		return usageError{errors.New("export: -: an archive is nothing to read: want a file, or > FILE or | behind the command")}
	case file == "-":
		return write(c.out)
	case !strings.HasSuffix(file, archiveSuffix):
		return usageError{fmt.Errorf("export: %q: want a name that ends in %s, or -", file, archiveSuffix)}
	}
	if err := atomicfile.Write(file, write); err != nil {
		return fmt.Errorf("export: %s: %w", file, err)
	}
	return c.printExport(m, file)
}
