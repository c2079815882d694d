package config

import (
	"reflect"
	"testing"
	"time"
)

func TestSlurm(t *testing.T) {
	f, err := read(t, "[slurm]\npartition = \"gpu,long\"\ngpus = 1\nmemory = \"8G\"\ntime = \"4h\"\noptions = [\"--qos=long\", \"--exclusive\"]\n[experiment.a]\n")
	if err != nil {
		t.Fatal(err)
	}
	want := Slurm{Partition: "gpu,long", GPUs: 1, Memory: "8G", Time: Duration(4 * time.Hour), Options: []string{"--qos=long", "--exclusive"}}
	if !reflect.DeepEqual(f.Slurm, want) {
		t.Errorf("%+v, want %+v", f.Slurm, want)
	}
	// What the table says changes no experiment.
	with, err := f.Experiment("a")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(with, Default()) {
		t.Errorf("%+v", with)
	}
	changed, err := f.Slurm.Override("gpus=2", "slurm.throttle=4", "options=--nice=5")
	if err != nil {
		t.Fatal(err)
	}
	want.GPUs, want.Throttle, want.Options = 2, 4, []string{"--nice=5"}
	if !reflect.DeepEqual(changed, want) || f.Slurm.Throttle != 0 {
		t.Errorf("%+v, want %+v; before %+v", changed, want, f.Slurm)
	}
}

func TestSlurmOverride(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"gpus", `--slurm "gpus": want key=value, like partition=gpu`},
		{"gpu=1", `unknown key "gpu"; did you mean "slurm.gpus"?`},
		{"lstm.units=3", `unknown key "lstm.units"`},
		{"gpus=one", `slurm.gpus: "one": want a whole number from 0 to 64`},
		{"time=soon", `slurm.time: "soon": want a duration like 500ms, 30s or 2m`},
		{"account=a b", `slurm.account: "a b": want the name of an account`},
	} {
		if _, err := (Slurm{}).Override(test.in); err == nil || err.Error() != test.want {
			t.Errorf("%s:\ngot  %v\nwant %s", test.in, err, test.want)
		}
	}
}
