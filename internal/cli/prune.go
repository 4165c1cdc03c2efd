package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/render"
)

type pruneOptions struct {
	lifecycleOptions
	yes    bool
	dryRun bool
	output string
	policy retentionOptions
}

func newPruneCmd(env Env) *cobra.Command {
	var opts pruneOptions
	cmd := &cobra.Command{
		Use:   "prune [IMAGE...]",
		Short: "Delete retired tags whose time is over and that nothing uses",
		Long: `prune says of every tag of the images (by default all that the configuration
lists) whether it may be deleted, and why. Without --yes it deletes nothing.

It never deletes what is published, protected, among the newest, young or of
unknown age, nor anything that such an image is made of or signed with, nor what
a file in the repositories of the roots names: on default branches, on
base-branches and in open pull requests. Where the roots are not said, or cannot
be read whole, it deletes nothing.

What is deleted is kept in the registry under a tag basekeeper.trash-… for the
undo period: basekeeper restore puts it back.`,
		Example: `  basekeeper prune
  basekeeper prune -o plan.json && basekeeper apply plan.json
  basekeeper prune ghcr.io/acme/app --organization acme --keep-for 8w --yes`,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.policy.set = cmd.Flags().Changed
			return runPrune(cmd.Context(), env, opts, args)
		},
	}
	opts.addLifecycle(cmd)
	opts.addFormat(cmd, "table", "json")
	opts.roots.add(cmd)
	opts.remote.addScope(cmd, "what the repositories of %s name is in use")
	opts.policy.add(cmd)
	f := cmd.Flags()
	f.BoolVar(&opts.yes, "yes", false, "delete what may be deleted")
	f.BoolVar(&opts.dryRun, "dry-run", false, "delete nothing, as without --yes")
	f.StringVarP(&opts.output, "output", "o", "", "write the plan to `FILE`, for apply")
	cmd.MarkFlagsMutuallyExclusive("yes", "dry-run")
	cmd.MarkFlagsMutuallyExclusive("yes", "output")
	return cmd
}

func runPrune(ctx context.Context, env Env, opts pruneOptions, names []string) error {
	access := registry.Pull
	if opts.yes {
		access = registry.Delete
	}
	l, err := openLifecycle(env, opts.lifecycleOptions, access)
	if err != nil {
		return err
	}
	defer l.close()
	p, flow, err := l.planPrune(ctx, names, opts.policy, opts.yes)
	if err != nil {
		return err
	}
	if opts.output != "" {
		content, err := p.Encode()
		if err != nil {
			return err
		}
		if err := writeFile(opts.output, content); err != nil {
			return fmt.Errorf("write plan: %w", err)
		}
	}
	var outcomes []prune.Outcome
	if opts.yes {
		outcomes = flow.Apply(ctx, p)
	}
	return finishPrune(env, opts.format, p, outcomes)
}

// planPrune makes the plan for the named images, or for all that the
// configuration lists. A run that deletes asks a registry first how it does.
func (l *lifecycle) planPrune(ctx context.Context, names []string, policy retentionOptions, deletes bool) (prune.Plan, prune.Flow, error) {
	targets, err := l.targets(names, policy)
	if err != nil {
		return prune.Plan{}, prune.Flow{}, err
	}
	used, err := l.roots(ctx)
	if err != nil {
		return prune.Plan{}, prune.Flow{}, err
	}
	for i := range targets {
		targets[i].Uses = used.of(targets[i].Image)
	}
	flow, err := l.prune(ctx, references(targets))
	if err != nil {
		return prune.Plan{}, flow, err
	}
	asking := flow
	if own, ok := flow.Lister.(families); ok && !deletes {
		asking.Lister = planning{own}
	}
	p, err := asking.Plan(ctx, targets)
	if err != nil {
		return p, flow, err
	}
	p.Scope, err = l.scope()
	return p, flow, err
}

// finishPrune prints a plan, or what became of it, and ends with the status
// that it calls for.
func finishPrune(env Env, format string, p prune.Plan, outcomes []prune.Outcome) error {
	rows := pruned(p, outcomes)
	for _, o := range outcomes {
		if o.Err != nil {
			complain(env, fmt.Errorf("prune %s: %w", o.Image, o.Err))
		}
	}
	if err := printPruned(env, format, p, rows, outcomes != nil); err != nil {
		return err
	}
	return status(pruneStatus(rows, outcomes))
}

func printPruned(env Env, format string, p prune.Plan, rows []render.Pruned, applied bool) error {
	if format != "json" {
		return render.PruneTable(env.Stdout, rows)
	}
	if !applied {
		content, err := p.Encode()
		if err != nil {
			return err
		}
		return writeAll(env.Stdout, content)
	}
	content, err := json.MarshalIndent(struct {
		Version int             `json:"version"`
		Pruned  []render.Pruned `json:"pruned"`
	}{1, rows}, "", "  ")
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	return writeAll(env.Stdout, append(content, '\n'))
}

// pruned is a plan, and what became of it, as it is shown.
func pruned(p prune.Plan, outcomes []prune.Outcome) []render.Pruned {
	rows := make([]render.Pruned, len(p.Repositories))
	for i, r := range p.Repositories {
		row := render.Pruned{Image: r.Image, Verdicts: r.Verdicts, Adopted: len(r.Adopt), Refused: r.Refused, Problem: r.Problem}
		for _, t := range r.ExpiredTrash {
			row.Expired = append(row.Expired, t.Name)
		}
		if outcomes != nil {
			became(&row, outcomes[i])
		}
		rows[i] = row
	}
	return rows
}

func became(row *render.Pruned, o prune.Outcome) {
	row.Applied = row.Refused == "" && row.Problem == ""
	row.Trash, row.Expired, row.Adopted = o.Trash, o.Expired, len(o.Adopted)
	if o.Refused != "" {
		row.Refused = o.Refused
	}
	if o.Err != nil {
		row.Error = o.Err.Error()
	}
	row.Left = map[string]string{}
	for _, s := range o.Skipped {
		if s.Tag != "" {
			row.Left[s.Tag] = s.Reason
			continue
		}
		row.Left[s.Digest.String()] = s.Reason
	}
}

// pruneStatus is the exit status that a plan and its outcomes call for. What a
// rule of the registry forbids is refused as much as what one of ours does.
func pruneStatus(rows []render.Pruned, outcomes []prune.Outcome) int {
	failed, refused := 0, false
	for i, r := range rows {
		left, forbidden := false, false
		if outcomes != nil {
			left, forbidden = failure(outcomes[i])
		}
		switch {
		case r.Problem != "" || left && !forbidden:
			failed++
		case forbidden || r.Refused != "":
			refused = true
		}
	}
	switch {
	case failed > 0 && failed == len(rows):
		return exitFailed
	case refused:
		return exitRefused
	case failed > 0:
		return exitPartial
	}
	return exitDone
}

// failure reports whether something was not done that should have been, and
// whether nothing but rules of the registry stood against it.
func failure(o prune.Outcome) (failed, refused bool) {
	failed, refused = o.Err != nil, o.Err == nil || errors.Is(o.Err, image.ErrRefused)
	for _, s := range o.Skipped {
		failed, refused = failed || s.Failed, refused && (s.Refused || !s.Failed)
	}
	return failed, failed && refused
}
