package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
	"github.com/basekeeper/basekeeper/internal/prune"
	"github.com/basekeeper/basekeeper/internal/registry"
	"github.com/basekeeper/basekeeper/internal/render"
)

type ledgerOptions struct {
	lifecycleOptions
	yes bool
}

func newLedgerCmd(env Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Show or repair what is remembered about an image's tags",
		Long: `The ledger is a small artifact in each image's repository, under the tag
basekeeper.ledger. It says which tag was retired when, from what and because of
what, what published tags pointed at, and which numbers were used.`,
		Example: `  basekeeper ledger show ghcr.io/acme/app`,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newLedgerShowCmd(env), newLedgerRepairCmd(env))
	return cmd
}

func newLedgerShowCmd(env Env) *cobra.Command {
	var opts ledgerOptions
	cmd := &cobra.Command{
		Use:     "show IMAGE",
		Short:   "Show the ledger of an image's repository",
		Example: `  basekeeper ledger show ghcr.io/acme/app`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLedgerShow(cmd.Context(), env, opts, args[0])
		},
	}
	opts.addLifecycle(cmd)
	opts.addFormat(cmd, "table", "json")
	return cmd
}

func runLedgerShow(ctx context.Context, env Env, opts ledgerOptions, name string) error {
	ref, err := parseRepository(name)
	if err != nil {
		return err
	}
	l, err := openLifecycle(env, opts.lifecycleOptions, registry.Pull)
	if err != nil {
		return err
	}
	defer l.close()
	book, err := l.store.ReadLedger(ctx, ref)
	if err != nil {
		return lifecycleStatus(fmt.Errorf("read the ledger of %s: %w", ref, err))
	}
	if opts.format == "json" {
		content, err := ledger.Encode(book)
		if err != nil {
			return err
		}
		return writeAll(env.Stdout, append(content, '\n'))
	}
	return render.Ledger(env.Stdout, book)
}

func newLedgerRepairCmd(env Env) *cobra.Command {
	var opts ledgerOptions
	cmd := &cobra.Command{
		Use:   "repair IMAGE",
		Short: "Replace a damaged ledger by one made from the tags that there are",
		Long: `repair begins the ledger of an image's repository anew where it cannot be read:
each tag that looks like a retired one is recorded as found now, so that its time
begins again. A tag looks retired that has the number of the template, or its date
or digest beside letters of the template's; {{.Version}} alone fits anybody's tags,
which stay without a record. The numbers of tags, and of those that are in the
trash, count as used. Nothing is deleted by it, or because of it any sooner. A
ledger that can be read, or that a later version of basekeeper has written, is
left alone. Without --yes it only says what it would do.`,
		Example: `  basekeeper ledger repair ghcr.io/acme/app --yes`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return runLedgerRepair(cmd.Context(), env, opts, args[0])
		},
	}
	opts.addLifecycle(cmd)
	cmd.Flags().BoolVar(&opts.yes, "yes", false, "write the new ledger")
	return cmd
}

func runLedgerRepair(ctx context.Context, env Env, opts ledgerOptions, name string) error {
	ref, err := parseRepository(name)
	if err != nil {
		return err
	}
	l, err := openLifecycle(env, opts.lifecycleOptions, registry.Push)
	if err != nil {
		return err
	}
	defer l.close()
	_, err = l.store.ReadLedger(ctx, ref)
	switch {
	case err == nil:
		_, err := fmt.Fprintln(env.Stdout, "The ledger can be read; there is nothing to repair.")
		return err
	case !errors.Is(err, ledger.ErrDamaged):
		return lifecycleStatus(fmt.Errorf("read the ledger of %s: %w", ref, err))
	}
	fmt.Fprintf(env.Stderr, "basekeeper: %s\n", render.Clean(err.Error()))
	rebuilt, err := l.rebuild(ctx, ref)
	if err != nil {
		return lifecycleStatus(err)
	}
	for _, lost := range rebuilt.Lost {
		fmt.Fprintf(env.Stderr, "basekeeper: %s; the numbers of what was deleted there may be used again\n", render.Clean(lost.Error()))
	}
	if opts.yes {
		if err := l.store.WriteLedger(ctx, ref, rebuilt.Ledger); err != nil {
			return lifecycleStatus(fmt.Errorf("write the ledger of %s: %w", ref, err))
		}
	}
	return showRepaired(env.Stdout, rebuilt, opts.yes)
}

// showRepaired prints a ledger that was made anew, and from what.
func showRepaired(w io.Writer, r prune.Rebuilt, written bool) error {
	if err := render.Ledger(w, r.Ledger); err != nil {
		return err
	}
	text := fmt.Sprintf("Made from the tags that there are, and from %d of trash: the numbers of both count as used.\n", r.Trash)
	if !written {
		text += "Nothing was written; --yes writes this in place of the damaged ledger.\n"
	}
	return writeAll(w, []byte(text))
}

// rebuild makes a ledger from what else there is in a repository.
func (l *lifecycle) rebuild(ctx context.Context, ref image.Reference) (prune.Rebuilt, error) {
	targets, err := l.targets([]string{ref.Name()}, retentionOptions{})
	if err != nil {
		return prune.Rebuilt{}, err
	}
	f := prune.Flow{Lister: l.registry, Content: l.registry, Store: l.store, Now: l.env.Now()}
	return f.Rebuild(ctx, ref, targets[0].Templates) // a repository that is named is one target
}
