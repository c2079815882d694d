package embedding_test

import (
	"fmt"

	"github.com/necstgen/necstgen/gomlxmodels/generator"
	"github.com/necstgen/necstgen/gomlxmodels/generator/embedding"
)

func Example() {
	for _, s := range embedding.Stages(generator.DefaultSettings(), embedding.Options{}) {
		fmt.Printf("%s reads %s and makes %s\n", s.Name, s.Deps, s.Outs)
	}
	// Output:
	// features reads [training.parquet traffic.json] and makes [model/features.json]
	// vae reads [training.parquet traffic.json model/features.json] and makes [model/vae/ model/latents.bin]
	// gmm reads [training.parquet traffic.json model/features.json model/latents.bin] and makes [model/clusters.json model/labels.json latent.json]
	// markov reads [model/labels.json] and makes [model/chain.json]
}
