package stage

import (
	"context"
	"slices"
)

// In returns the stage in a folder of the graph, so that a graph can have the same stage
// several times, as once for each application: its name, artifacts, dependencies, seeds and
// metrics have the folder in front, as "http/vae". Run sees them without it. The folder ""
// leaves the stage as it is.
func In(folder string, s Stage) Stage {
	if folder == "" {
		return s
	}
	inside := func(names []string) []string {
		names = slices.Clone(names)
		for i := range names {
			names[i] = folder + "/" + names[i]
		}
		return names
	}
	run := s.Run
	s.Name, s.Deps, s.Outs, s.Seeds = folder+"/"+s.Name, inside(s.Deps), inside(s.Outs), inside(s.Seeds)
	s.Run = func(ctx context.Context, env *Env) error {
		within := *env
		within.folder = folder + "/"
		return run(ctx, &within)
	}
	return s
}
