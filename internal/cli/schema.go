package cli

import (
	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/config"
)

func newSchemaCmd(env Env) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		Short:   "Print the JSON Schema of the configuration",
		Example: `  basekeeper schema > basekeeper.schema.json`,
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return writeAll(env.Stdout, config.Schema()) },
	}
}
