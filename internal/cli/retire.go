package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/retire"
)

type retireOptions struct {
	lifecycleOptions
	as     string
	moves  bool
	by     string
	dryRun bool
}

func newRetireCmd(env Env) *cobra.Command {
	var opts retireOptions
	cmd := &cobra.Command{
		Use:   "retire IMAGE[:TAG]",
		Short: "Give the image behind a tag a version tag too, before it is replaced",
		Long: `retire puts the manifest that the tag (latest by default) points at under a tag
of its own, byte for byte: same digest, same platforms, same signatures. Run it
right before you push, and what was there can be rolled back to.

A tag that exists with another digest is never overwritten, except a fixed one
with --moves: the digest that it leaves gets the next number first. A record in
the repository's ledger (the tag basekeeper.ledger) says since when it is
retired: from then on prune counts. Running it twice does nothing more.`,
		Example: `  basekeeper retire ghcr.io/acme/app
  basekeeper retire ghcr.io/acme/app:stable --as 1.2-{{.Next}}
  basekeeper retire ghcr.io/acme/app --as oldest --moves`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRetire(cmd.Context(), env, opts, args[0])
		},
	}
	opts.addLifecycle(cmd)
	opts.addFormat(cmd, "table", "json")
	f := cmd.Flags()
	f.StringVar(&opts.as, "as", "", "name the version by `TEMPLATE` (default v{{.Next}}, or what the configuration says)")
	f.BoolVar(&opts.moves, "moves", false, "a fixed tag moves to the version that is retired")
	f.StringVar(&opts.by, "by", "", "record `TEXT` as the reason (default what CI says of its run)")
	f.BoolVar(&opts.dryRun, "dry-run", false, "say what would be done; write nothing")
	return cmd
}

func runRetire(ctx context.Context, env Env, opts retireOptions, name string) error {
	ref, err := parseTagged(name)
	if err != nil {
		return err
	}
	l, err := openLifecycle(env, opts.lifecycleOptions, writing(opts.dryRun))
	if err != nil {
		return err
	}
	defer l.close()
	t, moves, err := l.naming(ref, opts.as)
	if err != nil {
		return err
	}
	done, err := l.retire(opts.dryRun).Retire(ctx, retire.Request{
		Ref: ref, Template: t, Moves: opts.moves || moves, By: cmp.Or(opts.by, because(env)),
	})
	if err != nil {
		return lifecycleStatus(err)
	}
	return printRetired(env, opts.format, []render.Retired{retired(done, opts.dryRun, "")})
}

// retired is an outcome as it is shown.
func retired(o retire.Outcome, dryRun bool, by string) render.Retired {
	note := o.Note
	if o.Moved != nil {
		note = fmt.Sprintf("what %s pointed at before is %s now", o.Tag, o.Moved.Tag)
	}
	return render.Retired{
		Image: o.Ref.String(), Tag: o.Tag, Digest: o.Digest, Done: o.Done, By: by, Note: note,
		Planned: dryRun && !o.Already && o.Tag != "",
	}
}

func printRetired(env Env, format string, all []render.Retired) error {
	if format != "json" {
		return render.RetiredTable(env.Stdout, all)
	}
	if all == nil {
		all = []render.Retired{}
	}
	content, err := json.MarshalIndent(struct {
		Version int              `json:"version"`
		Retired []render.Retired `json:"retired"`
	}{1, all}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return writeAll(env.Stdout, append(content, '\n'))
}

type rollbackOptions struct {
	retireOptions
	to string
}

func newRollbackCmd(env Env) *cobra.Command {
	var opts rollbackOptions
	cmd := &cobra.Command{
		Use:   "rollback IMAGE[:TAG]",
		Short: "Move a tag back to a retired version",
		Long: `rollback points the tag (latest by default) at a retired version again: the one
that --to names, or the one that was retired last. What the tag points at now is
retired first, so that the rollback can be undone the same way.`,
		Example: `  basekeeper rollback ghcr.io/acme/app
  basekeeper rollback ghcr.io/acme/app:stable --to v5`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runRollback(cmd.Context(), env, opts, args[0])
		},
	}
	opts.addLifecycle(cmd)
	f := cmd.Flags()
	f.StringVar(&opts.to, "to", "", "the version's `TAG` (default the one retired last)")
	f.StringVar(&opts.as, "as", "", "name the present version by `TEMPLATE` (default v{{.Next}}, or what the configuration says)")
	f.BoolVar(&opts.dryRun, "dry-run", false, "say what would be done; write nothing")
	return cmd
}

func runRollback(ctx context.Context, env Env, opts rollbackOptions, name string) error {
	ref, err := parseTagged(name)
	if err != nil {
		return err
	}
	l, err := openLifecycle(env, opts.lifecycleOptions, registry.Push)
	if err != nil {
		return err
	}
	defer l.close()
	t, moves, err := l.naming(ref, opts.as)
	if err != nil {
		return err
	}
	back, err := l.retire(opts.dryRun).Rollback(ctx, retire.Back{
		Ref: ref, To: opts.to, Template: t, Moves: moves, By: because(env),
	})
	if err != nil {
		return lifecycleStatus(err)
	}
	return printRollback(env, back, opts.dryRun)
}

func printRollback(env Env, back retire.RolledBack, dryRun bool) error {
	verb := "points at"
	switch {
	case back.Already:
		verb = "points already at"
	case dryRun:
		verb = "would point at"
	}
	text := fmt.Sprintf("%s %s %s: %s", back.Ref, verb, back.Tag, back.Digest)
	if back.Kept != nil {
		text += fmt.Sprintf("\nwhat it pointed at before is %s: %s", back.Kept.Tag, back.Kept.Digest)
	}
	if back.Note != "" {
		text += "\n" + render.Clean(back.Note)
	}
	_, err := fmt.Fprintln(env.Stdout, text)
	return err
}
