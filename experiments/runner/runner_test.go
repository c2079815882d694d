package runner

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
)

func TestMistakes(t *testing.T) {
	for _, test := range []struct {
		name       string
		file       string
		experiment string
		overrides  []string
		repeat     Repetition
		called     run.Annotation
		want       string
	}{
		{name: "no file", file: "nowhere.toml", experiment: "dns", want: "nowhere.toml: no such file"},
		{name: "no experiment", experiment: "dms", want: `did you mean "dns"`},
		{name: "no key", experiment: "dns", overrides: []string{"lstm.unit=3"}, want: "lstm.units"},
		{name: "key of another generator", experiment: "dns", overrides: []string{"generator=markov", "lstm.units=3"}, want: "is not used by generator"},
		{name: "both", experiment: "dns", repeat: Repetition{Force: true, From: "read"}, want: "--force and --from: want one of them"},
		{name: "no stage", experiment: "dns", overrides: []string{"generator=markov"}, repeat: Repetition{From: "lstn"}, want: `--from: executor: no stage "lstn"`},
		{name: "an experiment's name", experiment: "dns", overrides: []string{"generator=markov"}, called: run.Annotation{Name: "http"}, want: "an experiment of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := Runner{File: "../../experiments.toml", Runs: t.TempDir()}
			if test.file != "" {
				r.File = test.file
			}
			_, _, err := r.Finish(context.Background(), test.experiment, test.overrides, test.repeat, test.called)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want it to say %q", err, test.want)
			}
			if !errors.As(err, new(Mistake)) {
				t.Errorf("error %v is no Mistake", err)
			}
		})
	}
}
