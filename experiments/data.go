package main

import "github.com/spf13/cobra"

func (c *command) dataCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "data",
		Short:   "Data sets, and what is in a capture",
		Example: "  go run ./experiments data info my.pcap",
		Args:    c.noCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(c.dataListCommand(), c.dataInfoCommand(), c.dataFetchCommand(), c.dataImportCommand())
	return cmd
}
