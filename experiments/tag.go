package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/run"
)

// annotationFlags adds the flags that say what a run is called.
func annotationFlags(cmd *cobra.Command, a *run.Annotation) {
	cmd.Flags().StringVar(&a.Name, "name", "", "`NAME` by which other commands find the run")
	cmd.Flags().StringSliceVar(&a.Tags, "tag", nil, "a `TAG` for runs --tag, any number")
	cmd.Flags().StringVar(&a.Note, "note", "", "a `TEXT` to remember the run by")
}

func (c *command) tagCommand() *cobra.Command {
	var called run.Annotation
	var remove []string
	cmd := &cobra.Command{
		Use:   "tag RUN",
		Short: "Give a run a name, tags or a note",
		Long: `Gives a run that is there a name, tags and a note, as run --name, --tag and
--note do for a new one. A name replaces an earlier one; no other run and no
experiment may be called so.`,
		Example: "  go run ./experiments tag quickstart --name office --note 'the old one'\n" +
			"  go run ./experiments tag office --remove x",
		Args:              arguments(1, 1, wantedRun),
		ValidArgsFunction: c.completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return c.tag(args[0], called, remove) },
	}
	annotationFlags(cmd, &called)
	cmd.Flags().StringSliceVar(&remove, "remove", nil, "a `TAG` to take away, any number")
	return cmd
}

// tag changes what a run is called.
func (c *command) tag(ref string, called run.Annotation, remove []string) error {
	m, err := run.Find(c.runs, ref)
	if err != nil {
		return err
	}
	if called.Name == "" && called.Note == "" && len(called.Tags)+len(remove) == 0 {
		return usageError{errors.New("tag: want --name, --tag, --note or --remove")}
	}
	if err := c.runner().CheckAnnotation(called, m.Dir); err != nil {
		return err
	}
	a := m.Annotation.With(called)
	for _, tag := range remove {
		i := slices.Index(a.Tags, tag)
		if i < 0 {
			return usageError{fmt.Errorf("tag: --remove %s: %s has no such tag; it has %q", tag, m.Dir, a.Tags)}
		}
		a.Tags = slices.Delete(a.Tags, i, i+1)
	}
	if err := m.Annotate(a); err != nil {
		return err
	}
	return c.printRun(m)
}
