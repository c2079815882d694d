package experiment_test

import (
	"fmt"
	"os"

	"github.com/necstgen/necstgen/experiments/saved"
	"github.com/necstgen/necstgen/kernel-helpers/experiment"
	"github.com/necstgen/necstgen/kernel-helpers/notebook"
)

// DNS of the embedded capture is learnt by a Markov chain, and twenty flows more are written
// as a capture. Outside a notebook the stages are lines of text.
func Example() {
	dir, err := os.MkdirTemp("", "runs-")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	os.Setenv(notebook.RunsVariable, dir)
	defer os.Unsetenv(notebook.RunsVariable)

	m := experiment.Run("dns", "generator=markov", "generate.flows=50", "evaluate.trees=5")
	fmt.Println(m.Experiment, "has", m.Status)
	experiment.Generate("dns", saved.Amount{Flows: 20}, notebook.File("more.pcap"))
}
