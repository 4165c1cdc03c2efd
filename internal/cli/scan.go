package cli

import (
	"context"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/bump"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/scan"
)

func newScanCmd(env Env) *cobra.Command {
	var opts options
	cmd := &cobra.Command{
		Use:   "scan [DIR...]",
		Short: "List the images that Dockerfiles use; ask no registry",
		Long: `scan lists every image that the Dockerfiles below DIR use (default: this
folder), as docker build would find them: where it stands, whether it is pinned
by digest, and whether that digest can be replaced, or why not.

What git ignores is ignored. A file that BuildKit refuses is reported with
BuildKit's own words, and the exit status is 4.`,
		Example: `  basekeeper scan
  basekeeper scan --format json services tools`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.dirs = args
			return runScan(cmd.Context(), env, opts)
		},
	}
	opts.addConfig(cmd)
	opts.addFormat(cmd, "table", "json")
	return cmd
}

// usesWriter prints uses file by file.
type usesWriter interface {
	File(occurrences []scan.Occurrence, problems []scan.Problem) error
	Close() error
}

func runScan(ctx context.Context, env Env, opts options) error {
	w, err := open(ctx, env, opts)
	if err != nil {
		return err
	}
	var out usesWriter = render.NewUsesTable(env.Stdout)
	if opts.format == "json" {
		if out, err = render.NewUsesJSON(env.Stdout); err != nil {
			return err
		}
	}
	troubled := len(w.problems) > 0
	if troubled {
		if err := out.File(nil, w.problems); err != nil {
			return err
		}
	}
	for i, r := range w.repositories {
		err := w.tree(i).Files(ctx, func(file forge.File) error {
			file.Path = below(r.Scope, file.Path)
			occurrences, problems := bump.Read(r.Name, file)
			troubled = troubled || len(problems) > 0
			return out.File(occurrences, problems)
		})
		if err != nil {
			return err
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	if troubled {
		return status(exitPartial)
	}
	return nil
}

// below returns the path relative to the folder that was asked for.
func below(scope, file string) string {
	if scope == "" {
		return file
	}
	return path.Clean(strings.TrimPrefix(file, scope+"/"))
}
