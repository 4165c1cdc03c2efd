package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/render"
)

type restoreOptions struct {
	lifecycleOptions
	all   bool
	since period
}

func newRestoreCmd(env Env) *cobra.Command {
	var opts restoreOptions
	cmd := &cobra.Command{
		Use:   "restore IMAGE (TAG|DIGEST... | --all)",
		Short: "Put back what prune deleted",
		Long: `restore puts deleted tags back, with their digests, platforms and signatures,
byte for byte, as long as the undo period lasts. It first makes sure that every
layer is there still. A tag that exists by now with another digest is left alone.
The time of what comes back begins anew, so that the next prune keeps it.`,
		Example: `  basekeeper restore ghcr.io/acme/app v3
  basekeeper restore ghcr.io/acme/app --all --since 2d`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRestore(cmd.Context(), env, opts, args[0], args[1:])
		},
	}
	opts.addLifecycle(cmd)
	opts.addFormat(cmd, "table", "json")
	cmd.Flags().BoolVar(&opts.all, "all", false, "restore all that was deleted")
	cmd.Flags().Var(&opts.since, "since", "with --all: what was deleted in the last `DURATION`")
	return cmd
}

// selections are what the arguments ask for.
func (o restoreOptions) selections(now time.Time, names []string) ([]prune.Selection, error) {
	switch {
	case o.all && len(names) > 0:
		return nil, usage(errors.New("name tags and digests, or give --all"))
	case !o.all && len(names) == 0:
		return nil, usage(errors.New("say what to restore: a tag, a digest, or --all"))
	case !o.all && o.since != 0:
		return nil, usage(errors.New("--since goes with --all"))
	case o.all:
		s := prune.Selection{All: true}
		if o.since != 0 {
			s.Since = now.Add(-time.Duration(o.since))
		}
		return []prune.Selection{s}, nil
	}
	var all []prune.Selection
	for _, name := range names {
		if digest, err := image.ParseDigest(name); err == nil {
			all = append(all, prune.Selection{Digest: digest})
			continue
		}
		all = append(all, prune.Selection{Tag: name})
	}
	return all, nil
}

func runRestore(ctx context.Context, env Env, opts restoreOptions, name string, names []string) error {
	ref, err := parseRepository(name)
	if err != nil {
		return err
	}
	selections, err := opts.selections(env.Now(), names)
	if err != nil {
		return err
	}
	l, err := openLifecycle(env, opts.lifecycleOptions, registry.Push)
	if err != nil {
		return err
	}
	defer l.close()
	flow := prune.Flow{Content: l.registry, Store: l.store, Now: env.Now()}
	var done []prune.Restored
	for _, s := range selections {
		some, err := flow.Restore(ctx, ref, s)
		if err != nil {
			return lifecycleStatus(fmt.Errorf("restore %s: %w", ref, err))
		}
		done = append(done, some...)
	}
	return printRestored(env, opts.format, done)
}

// printRestored writes what became of each tag, and ends with the status that
// it calls for.
func printRestored(env Env, format string, all []prune.Restored) error {
	rows := make([]render.Restored, len(all))
	failed := 0
	for i, r := range all {
		rows[i] = render.Restored{Tag: r.Tag, Digest: r.Digest, Put: r.Put, Note: r.Note}
		if r.Err != nil {
			rows[i].Error = r.Err.Error()
			failed++
		}
	}
	if format == "json" {
		content, err := json.MarshalIndent(struct {
			Version  int               `json:"version"`
			Restored []render.Restored `json:"restored"`
		}{1, rows}, "", "  ")
		if err != nil {
			return fmt.Errorf("encode: %w", err)
		}
		if err := writeAll(env.Stdout, append(content, '\n')); err != nil {
			return err
		}
	} else if err := render.RestoredTable(env.Stdout, rows); err != nil {
		return err
	}
	switch {
	case failed == 0:
		return nil
	case failed == len(all):
		return status(exitFailed)
	}
	return status(exitPartial)
}
