package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/basekeeper/basekeeper/internal/action"
	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/forge/github"
	"github.com/basekeeper/basekeeper/internal/job"
	"github.com/basekeeper/basekeeper/internal/plan"
)

func newActionCmd(env Env) *cobra.Command {
	return &cobra.Command{
		Use:   "action",
		Short: "Run as a step of a GitHub workflow, as action.yml does",
		Long: `action is what the GitHub action runs. It reads the step's inputs (INPUT_*) and
the event (GITHUB_EVENT_PATH), does what they call for in GITHUB_WORKSPACE or on
GitHub, and gives the workflow outputs, a job summary and annotations. Without a
workflow around it, it checks this folder.`,
		Example: `  basekeeper action`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := newActionStep(env)
			return s.perform(cmd.Context(), err)
		},
	}
}

// workflow is GitHub around a step.
type workflow struct{ *action.Job }

// newActionStep reads all that the workflow says. The step is good for perform
// even if there is an error.
func newActionStep(env Env) (*step, error) {
	w := workflow{action.New(env.Getenv, env.Stdout)}
	s := &step{env: env, job: w}
	var err error
	if s.in, err = w.Inputs(); err != nil {
		return s, usage(err)
	}
	if err := hide(action.SecretVariables()); err != nil {
		return s, err
	}
	event, err := readEvent(env)
	if err != nil {
		return s, usage(err)
	}
	s.repository, s.about = event.Repository, event.Pull
	s.branch, _ = strings.CutPrefix(env.Getenv("GITHUB_REF"), "refs/heads/")
	s.decision = action.Decide(event, s.in)
	if s.env, err = s.environment(); err != nil {
		return s, usage(err)
	}
	s.workspace, err = openWorkspace(env.Getenv("GITHUB_WORKSPACE"))
	return s, err
}

func readEvent(env Env) (action.Event, error) {
	var content []byte
	if file := env.Getenv("GITHUB_EVENT_PATH"); file != "" {
		var err error
		if content, err = readLimited(file, action.MaxEvent); err != nil {
			return action.Event{}, fmt.Errorf("read event: %w", err)
		}
	}
	e, err := action.ParseEvent(env.Getenv("GITHUB_EVENT_NAME"), content)
	if e.Repository == "" {
		e.Repository = env.Getenv("GITHUB_REPOSITORY")
	}
	return e, err
}

func (w workflow) forge() string { return config.ForgeGitHub }

// base reads the base branch as it was when the event happened. GitHub alone is
// shown the token.
func (w workflow) base(_ context.Context, s *step) (commitReader, forge.Commitish, error) {
	at := forge.Commitish{Repository: forge.Repository{Name: s.about.Repository}, Commit: s.about.BaseID}
	if s.in.Token == "" {
		return nil, at, usage(errors.New("the input token is empty"))
	}
	client, err := github.New(github.Options{
		BaseURL: s.in.APIURL, Token: s.in.Token, UserAgent: "basekeeper/" + version(),
		Now: s.env.Now, Sleep: s.env.Sleep, Deadline: s.env.Now().Add(patience),
	})
	if err != nil {
		return nil, at, usage(err)
	}
	return client, at, nil
}

// merges is the pull request of the event: it was merged, and is a bump, unless
// only the App's name could tell.
func (w workflow) merges(ctx context.Context, s *step) ([]forge.Merge, string, error) {
	if !action.IsBumpAuthor(s.in, s.about.Author) {
		login, err := appLogin(ctx, s)
		switch {
		case err != nil:
			return nil, "", fmt.Errorf("ask for the App's name: %w", err)
		case !strings.EqualFold(login, s.about.Author):
			in := s.in
			in.BumpAuthors = append(slices.Clone(in.BumpAuthors), login)
			return nil, action.NoBumpAuthor(in, *s.about), nil
		}
	}
	at := s.about.MergedAt
	if at.IsZero() {
		at = s.env.Now()
	}
	return []forge.Merge{{Number: s.about.Number, Commit: s.about.MergeCommit, Author: s.about.Author, At: at}}, "", nil
}

// appLogin is the login of the App that the run works as.
func appLogin(ctx context.Context, s *step) (string, error) {
	client, err := newGitHub(s.env, remoteOptions{url: s.in.APIURL, timeLimit: patience}, config.Config{})
	if err != nil {
		return "", err
	}
	defer client.CloseIdle()
	account, err := client.Account(ctx)
	return account.Login, err
}

// mergeConfig is the base branch's configuration, as it was before the merge.
func (w workflow) mergeConfig(ctx context.Context, s *step) (config.Config, error) {
	c, err := s.readBaseConfig(ctx)
	if err != nil {
		return c, fmt.Errorf("read base branch: %w", err)
	}
	return c, nil
}

// credentials are what the run may know of the inputs.
func (w workflow) credentials(in job.Inputs) map[string]string {
	given := map[string]string{}
	if in.AppID != 0 {
		given["BASEKEEPER_APP_ID"], given["BASEKEEPER_APP_KEY"] = strconv.FormatInt(in.AppID, 10), in.PrivateKey
	}
	if in.Token != "" {
		given["BASEKEEPER_TOKEN"] = in.Token
		if w.Getenv("GITHUB_TOKEN") == "" {
			given["GITHUB_TOKEN"] = in.Token // ghcr.io takes it
		}
	}
	return given
}

// reports is nothing: GitHub has the job summary and annotations.
func (w workflow) reports(plan.Plan) (map[string][]byte, error) { return map[string][]byte{}, nil }

// finish does nothing: outputs have been written when they were set.
func (w workflow) finish(*step) error { return nil }
