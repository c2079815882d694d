package main

import (
	"fmt"
	"net"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/necstgen/necstgen/experiments/serve"
)

func (c *command) serveCommand() *cobra.Command {
	var address string
	var exposed bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Show all runs to a browser on this machine, live",
		Long: `Serves pages of the runs: all of them with conditions and orders, each with its
progress, curves, scores, log and files, and several side by side. Runs that are
under way are followed, whichever process or node of a cluster makes them, since
all is read from files. The pages change nothing, load nothing from elsewhere,
and can be read on this machine alone. Ctrl-C ends it.

From another machine, forward the port and open http://127.0.0.1:8080 there:
ssh -L 8080:127.0.0.1:8080 HOST`,
		Example: "  go run ./experiments serve\n" +
			"  go run ./experiments serve --address 127.0.0.1:0 --runs /scratch/runs",
		Args:              arguments(0, 0, "no argument"),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE:              func(cmd *cobra.Command, _ []string) error { return c.serve(cmd, address, exposed) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&address, "address", "127.0.0.1:8080", "`HOST:PORT` to listen at; port 0: any that is free")
	flags.BoolVar(&exposed, "expose", false, "let other machines read all runs; --address says where")
	return cmd
}

// serve shows the runs until the command is interrupted, which is how it ends.
func (c *command) serve(cmd *cobra.Command, address string, exposed bool) error {
	if info, err := os.Stat(c.runs); err == nil && !info.IsDir() {
		return usage(cmd, fmt.Errorf("serve: --runs %s: want a folder", c.runs))
	}
	l, err := serve.Listen(cmd.Context(), address, exposed)
	if err != nil {
		return err
	}
	where := l.Addr().String()
	var hosts []string
	if exposed {
		host, _, _ := net.SplitHostPort(address) // it was opened
		machine, _ := os.Hostname()              // without a name it is reached by address alone
		hosts = []string{host, machine}
		if at, ok := l.Addr().(*net.TCPAddr); ok && at.IP.IsUnspecified() && machine != "" {
			where = net.JoinHostPort(machine, strconv.Itoa(at.Port))
		}
	}
	if _, err := fmt.Fprintf(c.out, "http://%s\n", where); err != nil {
		return err
	}
	return serve.New(c.runs, c.runner().Store(), hosts...).Serve(cmd.Context(), l)
}
