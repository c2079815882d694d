package necstgen_test

import (
	"fmt"
	"strings"

	"github.com/necstgen/necstgen"
	"github.com/necstgen/necstgen/experiments/config"
)

func Example() {
	file, err := config.Read(strings.NewReader(necstgen.Experiments), "experiments.toml")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(file.Experiments[0])
	// Output: quickstart
}
