package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/ledger"
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
begins again, and its number as used. Nothing is deleted by it, or because of it
any sooner. A ledger that can be read, or that a later version of basekeeper has
written, is left alone. Without --yes it only says what it would do.`,
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
	book, err := l.rebuild(ctx, ref)
	if err != nil {
		return err
	}
	if !opts.yes {
		if err := render.Ledger(env.Stdout, book); err != nil {
			return err
		}
		_, err := fmt.Fprintln(env.Stdout, "Nothing was written; --yes writes this in place of the damaged ledger.")
		return err
	}
	if err := l.store.WriteLedger(ctx, ref, book); err != nil {
		return lifecycleStatus(fmt.Errorf("write the ledger of %s: %w", ref, err))
	}
	return render.Ledger(env.Stdout, book)
}

// rebuild makes a ledger from the tags of a repository: what looks retired is
// found now.
func (l *lifecycle) rebuild(ctx context.Context, ref image.Reference) (ledger.Ledger, error) {
	var book ledger.Ledger
	targets, err := l.targets([]string{ref.Name()}, retentionOptions{})
	if err != nil {
		return book, err
	}
	t, err := template("images: retire", targets[0].Template)
	if err != nil {
		return book, err
	}
	listing, err := l.registry.List(ctx, ref)
	if err != nil {
		return book, fmt.Errorf("list %s: %w", ref, err)
	}
	for _, tag := range listing.Tags {
		number, numbered := t.Number(tag.Name)
		if !numbered {
			continue
		}
		book = book.UseNumber(t.String(), number).With(ledger.Record{Tag: tag.Name, Digest: tag.Digest, At: l.env.Now(), By: "found by ledger repair"})
	}
	return book, nil
}
