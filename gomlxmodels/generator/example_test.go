package generator_test

import (
	"fmt"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
	_ "github.com/necstgen/necstgen/gomlxmodels/generator/all"
)

func Example() {
	for _, k := range generator.Kinds() {
		fmt.Println(k.Name+":", k.About)
	}
	sampled, err := generator.Find("sampled")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range sampled.Stages(generator.DefaultSettings()) {
		fmt.Println(s.Name, "makes", s.Outs)
	}
	// Output:
	// bootstrap: the training flows drawn again
	// markov: Markov chain over exact packet tokens
	// paper: NeCSTGen as published, with point outputs, its defects corrected
	// sampled: recurrent network whose every output is a distribution that is sampled
	// features makes [model/features.json]
	// vae makes [model/vae/ model/latents.bin]
	// gmm makes [model/clusters.json model/labels.json latent.json]
	// markov makes [model/chain.json]
	// flows makes [model/aggregate/]
	// lstm makes [model/network.json model/lstm/]
}
