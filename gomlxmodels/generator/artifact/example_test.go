package artifact_test

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/necstgen/necstgen/gomlxmodels/generator/artifact"
	"github.com/necstgen/necstgen/gomlxmodels/stage"
)

func Example() {
	dir, err := os.MkdirTemp("", "artifact")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	env := stage.NewEnv(stage.Stage{Name: "count", Outs: []string{"model/count.json"}}, stage.Host{Dir: dir})
	if err := artifact.WriteJSON(env, "model/count.json", 42); err != nil {
		fmt.Println(err)
		return
	}
	paths := func(name string) (string, error) { return filepath.Join(dir, name), nil }
	var count int
	fmt.Println(artifact.ReadJSON(paths, "model/count.json", &count), count)
	// Output: <nil> 42
}
