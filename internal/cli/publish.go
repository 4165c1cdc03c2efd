package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/action"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/render"
)

type publishOptions struct {
	options
	to    []string
	image string
}

func newPublishCmd(env Env) *cobra.Command {
	opts := publishOptions{}
	cmd := &cobra.Command{
		Use:   "publish IMAGE[:TAG] --to OWNER/NAME...",
		Short: "Tell other repositories that an image was published",
		Long: `publish sends the event repository_dispatch of type basekeeper-base-published to
repositories on GitHub. A workflow there that runs the action on this event
bumps that image alone, at once, instead of waiting for its schedule.

It asks the registry for the tag's digest first: an image that is not there is
not announced. The token needs contents: write on each of the repositories.`,
		Example: `  basekeeper publish ghcr.io/acme/base:1 --to acme/basekeeper`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.image = args[0]
			return runPublish(cmd.Context(), env, opts)
		},
	}
	opts.addConfig(cmd)
	opts.remote.addGitHub(cmd)
	cmd.Flags().StringSliceVar(&opts.to, "to", nil, "tell `OWNER/NAME`; may be given several times")
	return cmd
}

func runPublish(ctx context.Context, env Env, opts publishOptions) error {
	ref, err := image.ParseReference(opts.image)
	if err != nil {
		return usage(err)
	}
	if ref.Digest != "" {
		return usage(errors.New("name the tag that was published, without a digest"))
	}
	if len(opts.to) == 0 {
		return usage(errors.New("nobody to tell: give --to OWNER/NAME"))
	}
	if _, err := (remoteOptions{repositories: opts.to}).scope(config.Config{}, forge.GitHub); err != nil {
		return err
	}
	w, _, err := remoteConfig(opts.options, ".")
	if err != nil {
		return err
	}
	client, err := newRegistry(env, opts.options, w.config)
	if err != nil {
		return err
	}
	github, err := newGitHub(env, opts.remote, w.config)
	if err != nil {
		return err
	}
	ref = ref.Tagged(cmp.Or(ref.Tag, image.LatestTag))
	descriptor, err := client.Resolve(ctx, ref)
	if err != nil {
		return fmt.Errorf("resolve %s: %w", ref, err)
	}
	payload, err := json.Marshal(map[string]string{
		"image": ref.String(), "digest": descriptor.Digest.String(), "sentAt": env.Now().UTC().Format(time.RFC3339),
	})
	if err != nil {
		return err
	}
	return tell(ctx, env, github, opts.to, ref, descriptor.Digest, payload)
}

// dispatcher sends events to repositories.
type dispatcher interface {
	Dispatch(ctx context.Context, repository, event string, payload []byte) error
}

// tell sends the event to each repository, and goes on where one refuses it.
func tell(ctx context.Context, env Env, d dispatcher, to []string, ref image.Reference, digest image.Digest, payload []byte) error {
	told, failed := 0, 0
	for _, repository := range to {
		if err := d.Dispatch(ctx, repository, action.BasePublished, payload); err != nil {
			complain(env, fmt.Errorf("tell %s: %w", repository, err))
			failed++
			if errors.Is(err, forge.ErrLimited) || ctx.Err() != nil {
				break
			}
			continue
		}
		told++
		fmt.Fprintf(env.Stdout, "told %s of %s@%s\n", render.Clean(repository), ref, digest)
	}
	switch {
	case failed > 0 && told == 0:
		return status(exitFailed)
	case failed > 0:
		return status(exitPartial)
	}
	return nil
}
