package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/config"
	"github.com/necstgen/necstgen/experiments/executor"
	"github.com/necstgen/necstgen/experiments/pipeline"
	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/experiments/store"
)

// again says which stages of a run are made again although they are stored.
type again struct {
	force bool
	from  string
}

func (c *command) runCommand() *cobra.Command {
	var a again
	cmd := &cobra.Command{
		Use:   "run NAME [key=value...]",
		Short: "Learn a capture, generate another one, score it and write a report",
		Long: `Runs an experiment. Stages whose settings, data and device are those of an earlier run
are taken from there, and a run that has finished is not computed again. What was
interrupted or has failed goes on from where it was.`,
		Example: "  go run ./experiments run quickstart\n" +
			"  go run ./experiments run http generator=markov seed=2\n" +
			"  go run ./experiments run capture data.path=my.pcap data.application=SMTP\n" +
			"  go run ./experiments run quickstart --from lstm",
		Args: arguments(1, -1, "the name of an experiment, then key=value as often as needed"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.run(cmd.Context(), args[0], c.overrides(cmd, args[1:]), a)
		},
	}
	cmd.Flags().BoolVar(&a.force, "force", false, "make every stage again, whether or not it is stored")
	cmd.Flags().StringVar(&a.from, "from", "", "make this `STAGE` and all that depends on it again")
	return cmd
}

// run runs one experiment to its end.
func (c *command) run(ctx context.Context, name string, overrides []string, a again) error {
	p, err := c.prepare(ctx, name, overrides, a)
	if err != nil {
		return err
	}
	defer p.Close()
	dir := filepath.Join(c.runs, name, p.Spec.ID())
	if m, err := run.Open(dir); err == nil && m.Status == run.Finished && len(p.Job.Again) == 0 {
		c.terminal().Printf("it finished on %s and is not computed again (--force does)\n", m.Finished.Local().Format("2006-01-02 15:04:05"))
		return c.printRun(m)
	}
	out := c.terminal()
	r, err := p.Run(ctx, c.runs, run.Options{Out: out, Source: run.ReadSource(ctx, ".")})
	if err != nil {
		return err
	}
	m, err := run.Open(r.Dir())
	if err != nil {
		return err
	}
	scores, err := closingScores(m)
	if err != nil {
		return err
	}
	out.Printf("\n%s\n", scores)
	return c.printRun(m)
}

// prepare makes an experiment ready to be planned or run.
func (c *command) prepare(ctx context.Context, name string, overrides []string, a again) (*pipeline.Prepared, error) {
	e, err := c.experiment(name, overrides)
	if err != nil {
		return nil, err
	}
	shown := c.terminal().Progress()
	defer shown.Done()
	p, err := pipeline.Prepare(ctx, name, overrides, e, pipeline.Options{Store: c.store(), Out: c.err,
		Progress: func(r io.Reader, bytes int64) io.Reader {
			shown.Start("digest", bytes, "bytes")
			return &watched{r: r, shown: shown.Set}
		}})
	if err != nil {
		return nil, err
	}
	switch {
	case a.force && a.from != "":
		err = usageError{errors.New("run: --force and --from: want one of them")}
	case a.force:
		for _, s := range p.Job.Graph.Stages {
			p.Job.Again = append(p.Job.Again, s.Name)
		}
	case a.from != "":
		if p.Job.Again, err = executor.From(p.Job.Graph, a.from); err != nil {
			err = usageError{fmt.Errorf("--from: %w", err)}
		}
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// watched tells how much has been read.
type watched struct {
	r     io.Reader
	n     int64
	shown func(int64)
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	w.n += int64(n)
	w.shown(w.n)
	return n, err
}

// store is where stages keep what they have made, beside the runs.
func (c *command) store() *store.Store { return store.Open(filepath.Join(c.runs, ".cache"), nil) }

// experiment resolves an experiment and says what the overrides change.
func (c *command) experiment(name string, overrides []string) (config.Experiment, error) {
	file, err := c.readFile()
	if err != nil {
		return config.Experiment{}, err
	}
	base, err := file.Experiment(name)
	if err != nil {
		return config.Experiment{}, usageError{err}
	}
	e, err := base.Override(overrides...)
	if err == nil {
		err = pipeline.CheckKeys(e, overrides)
	}
	if err != nil {
		return config.Experiment{}, usageError{err}
	}
	out := c.terminal()
	for _, key := range config.Keys() {
		before, err1 := base.Value(key)
		after, err2 := e.Value(key)
		if errors.Join(err1, err2) == nil && before != after {
			out.Printf("%s = %s%s\n", key, after, was(before))
		}
	}
	return e, nil
}

// was is what an override replaces, in brackets.
func was(before string) string {
	if before == "" {
		return ""
	}
	return " (was " + before + ")"
}

// printRun prints the line that a run ends with, or its manifest as JSON.
func (c *command) printRun(m *run.Manifest) error {
	if !c.json {
		_, err := fmt.Fprintf(c.out, "run: %s\n", m.Dir)
		return err
	}
	return printJSON(c.out, struct {
		Dir string `json:"run"`
		*run.Manifest
	}{m.Dir, m})
}
