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
	"github.com/basekeeper/basekeeper/internal/forge/gitlab"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/render"
)

type publishOptions struct {
	options
	to     []string
	branch string
	image  string
}

func newPublishCmd(env Env) *cobra.Command {
	opts := publishOptions{}
	cmd := &cobra.Command{
		Use:   "publish IMAGE[:TAG] --to REPOSITORY...",
		Short: "Tell other repositories that an image was published",
		Long: `publish sends the event repository_dispatch of type basekeeper-base-published to
repositories on GitHub. A workflow there that runs the action on this event
bumps that image alone, at once, instead of waiting for its schedule. On GitLab
it starts a pipeline of the project with the variable BASEKEEPER_IMAGE, which
the component understands in the same way.

It asks the registry for the tag's digest first: an image that is not there is
not announced. GitHub's token needs contents: write on each of the repositories;
GitLab's is a trigger token of the project in $BASEKEEPER_TRIGGER_TOKEN, or the
job's own.`,
		Example: `  basekeeper publish ghcr.io/acme/base:1 --to acme/basekeeper
  basekeeper publish registry.example.com/acme/base:1 --forge gitlab --to acme/platform/basekeeper`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.image = args[0]
			return runPublish(cmd.Context(), env, opts)
		},
	}
	opts.addConfig(cmd)
	opts.remote.addAccess(cmd)
	cmd.Flags().StringSliceVar(&opts.to, "to", nil, "tell `OWNER/NAME`, on GitLab GROUP/.../PROJECT; may be given several times")
	cmd.Flags().StringVar(&opts.branch, "branch", "main", "start GitLab's pipelines on `BRANCH`")
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
	w, _, err := remoteConfig(opts.options, ".")
	if err != nil {
		return err
	}
	flavor, err := forgeOf(env, opts.remote, w.config)
	if err != nil {
		return err
	}
	if _, err := (remoteOptions{repositories: opts.to}).scope(config.Config{}, flavor); err != nil {
		return err
	}
	client, err := newRegistry(env, opts.options, w.config)
	if err != nil {
		return err
	}
	teller, err := newTeller(env, opts, w.config, flavor)
	if err != nil {
		return err
	}
	ref = ref.Tagged(cmp.Or(ref.Tag, image.LatestTag))
	descriptor, err := client.Resolve(ctx, ref)
	if err != nil {
		return fmt.Errorf("resolve %s: %w", ref, err)
	}
	return tell(ctx, env, teller, opts.to, ref, descriptor.Digest)
}

// teller tells a repository that an image was published.
type teller func(ctx context.Context, repository string, ref image.Reference, digest image.Digest) error

// newTeller returns how repositories of a forge are told.
func newTeller(env Env, opts publishOptions, c config.Config, flavor forge.Flavor) (teller, error) {
	if flavor == forge.GitLab {
		return gitlabTeller(env, opts, c)
	}
	client, err := newGitHub(env, opts.remote, c)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, repository string, ref image.Reference, digest image.Digest) error {
		payload, err := json.Marshal(map[string]string{
			"image": ref.String(), "digest": digest.String(), "sentAt": env.Now().UTC().Format(time.RFC3339),
		})
		if err != nil {
			return err
		}
		return client.Dispatch(ctx, repository, action.BasePublished, payload)
	}, nil
}

// gitlabTeller starts pipelines, whose component reads BASEKEEPER_IMAGE.
func gitlabTeller(env Env, opts publishOptions, c config.Config) (teller, error) {
	options, err := gitlabOptions(env, opts.remote, c)
	if err != nil {
		return nil, err
	}
	options.Token = cmp.Or(env.Getenv("BASEKEEPER_TRIGGER_TOKEN"), env.Getenv("CI_JOB_TOKEN"))
	if options.Token == "" {
		return nil, usage(errors.New("no credentials to start pipelines with: set BASEKEEPER_TRIGGER_TOKEN to a pipeline trigger token of the project that is told"))
	}
	return func(ctx context.Context, repository string, ref image.Reference, _ image.Digest) error {
		return gitlab.Start(ctx, options, gitlab.Trigger{
			Project: repository, Ref: opts.branch, Variables: map[string]string{"BASEKEEPER_IMAGE": ref.String()},
		})
	}, nil
}

// tell tells each repository, and goes on where one refuses it.
func tell(ctx context.Context, env Env, t teller, to []string, ref image.Reference, digest image.Digest) error {
	told, failed := 0, 0
	for _, repository := range to {
		if err := t(ctx, repository, ref, digest); err != nil {
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
