package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/necstgen/necstgen/datasets/pcap"
	"github.com/necstgen/necstgen/experiments/fidelity"
	"github.com/necstgen/necstgen/experiments/run"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"experiments": main})
}

// TestScript runs testdata/script. Beside testscript's own commands there are
//
//	code N command...     the command ends with that exit code
//	datagrams FILE N PORT a capture of N datagrams to that port, one a second
//	cut FILE N            all but the first N bytes of the file are lost
//	alter FILE            the file is replaced by one of which one byte differs
//	damage FILE           one byte of the file is changed in place, under all its names
//	only FOLDER           the one run in the folder can be named FOLDER/only
//	values FILE FILE      both have the same scores with the same values
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			text, err := os.ReadFile("../experiments.toml")
			if err != nil {
				return err
			}
			env.Setenv("HOME", filepath.Join(env.WorkDir, ".home"))
			env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, ".home", "cache"))
			env.Setenv("GOMLX_NO_AUTO_INSTALL", "1")
			env.Setenv("GOMLX_BACKEND", "")
			env.Setenv("PJRT_PLUGIN_LIBRARY_PATH", os.Getenv("PJRT_PLUGIN_LIBRARY_PATH"))
			return os.WriteFile(filepath.Join(env.WorkDir, "experiments.toml"), text, 0o666)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code": code, "datagrams": datagrams, "alter": alter, "damage": damage, "only": only, "cut": cut, "relink": relink, "values": values,
		},
	})
}

func code(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, want %s", got, args[0])
	}
}

func datagrams(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	port, err := strconv.Atoi(args[2])
	ts.Check(err)
	var file bytes.Buffer
	w, err := pcap.NewWriter(&file, pcap.WriterOptions{})
	ts.Check(err)
	start := int64(1_700_000_000)
	if len(args) > 3 {
		start, err = strconv.ParseInt(args[3], 10, 64)
		ts.Check(err)
	}
	for i := range n {
		ts.Check(w.Write((start+int64(i))*1e9, datagram(20000+i, port)))
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), file.Bytes(), 0o666))
}

// relink gives a capture (pcap) another link type, of less than 256.
func relink(ts *testscript.TestScript, _ bool, args []string) {
	link, err := strconv.ParseUint(args[1], 10, 8)
	ts.Check(err)
	text := []byte(ts.ReadFile(args[0]))
	text[20] = byte(link)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o666))
}

func cut(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

func alter(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	text[len(text)/2] ^= 1
	ts.Check(os.Remove(path)) // the store has another name for it
	ts.Check(os.WriteFile(path, text, 0o666))
}

func damage(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	ts.Check(os.Chmod(path, 0o666))
	text, err := os.ReadFile(path)
	ts.Check(err)
	text[len(text)/2] ^= 1
	ts.Check(os.WriteFile(path, text, 0o666))
}

func only(ts *testscript.TestScript, _ bool, args []string) {
	ids, err := run.IDs(filepath.Split(ts.MkAbs(args[0])))
	ts.Check(err)
	if len(ids) != 1 {
		ts.Fatalf("%d runs in %s, want 1", len(ids), args[0])
	}
	ts.Check(os.Symlink(ids[0], filepath.Join(ts.MkAbs(args[0]), "only")))
}

// datagram is a frame of UDP with four bytes of payload.
func datagram(from, to int) []byte {
	frame := []byte("\x02\x00\x00\x00\x00\x01\x02\x00\x00\x00\x00\x02\x08\x00" +
		"\x45\x00\x00\x20\x00\x00\x00\x00\x40\x11\x00\x00\xc0\x00\x02\x01\xc0\x00\x02\x02" +
		"\x00\x00\x00\x00\x00\x0c\x00\x00" + "data" + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	frame[34], frame[35] = byte(from>>8), byte(from)
	frame[36], frame[37] = byte(to>>8), byte(to)
	return frame
}

func values(ts *testscript.TestScript, _ bool, args []string) {
	var sides [2][]fidelity.Score
	for i := range sides {
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[i])), &sides[i]))
		for k, s := range sides[i] { // the floor and the baselines depend on how many of them there are
			sides[i][k] = fidelity.Score{Level: s.Level, Score: s.Score, Value: s.Value, NReal: s.NReal, NSynthetic: s.NSynthetic, Note: s.Note}
		}
	}
	if len(sides[0]) == 0 || len(sides[0]) != len(sides[1]) {
		ts.Fatalf("%d and %d scores", len(sides[0]), len(sides[1]))
	}
	for k, a := range sides[0] {
		b := sides[1][k]
		if a.Note == "the training packets have no payload bytes" { // a table keeps none, and a run looks into the capture
			b = a
		}
		if !reflect.DeepEqual(a, b) {
			ts.Fatalf("%s: %s %s: %s, %s: %s %s: %s", args[0], a.Level, a.Score, decimal(a.Value), args[1], b.Level, b.Score, decimal(b.Value))
		}
	}
}
