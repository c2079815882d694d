package generator

// Latent is a sample of the training packets' latent points, empty once loaded.
func (g *Sampled) Latent() LatentSample { return g.Embedding.Latents }

// Latent is a sample of the training packets' latent points, empty once loaded.
func (g *Paper) Latent() LatentSample { return g.Embedding.Latents }
