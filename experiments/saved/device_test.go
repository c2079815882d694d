package saved

import (
	"io"
	"strings"
	"testing"

	"github.com/necstgen/necstgen/experiments/run"
	"github.com/necstgen/necstgen/gomlxmodels/generator"
)

// A run that came from another machine may name a backend that this one lacks.
func TestBackendOfAnotherMachine(t *testing.T) {
	m := &run.Manifest{Backend: run.Backend{Name: "xla:nothing"}}
	_, err := openDevice(t.Context(), generator.Kind{}, m, "", io.Discard)
	if err == nil || !strings.HasPrefix(err.Error(), "it was made on xla:nothing: --backend auto takes what is here: device: ") {
		t.Errorf("%v", err)
	}
	_, err = openDevice(t.Context(), generator.Kind{}, m, "xla:nothing", io.Discard)
	if err == nil || !strings.HasPrefix(err.Error(), "device: ") {
		t.Errorf("the backend that was asked for: %v", err)
	}
	d, err := openDevice(t.Context(), generator.Kind{}, m, "go", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
}
