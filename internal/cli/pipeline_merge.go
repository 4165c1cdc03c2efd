package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
)

// patience is how long the questions before the work may take, GitLab's limits
// included.
const patience = 5 * time.Minute

// base reads the branch that the merge request goes to: as it was when the
// pipeline started, where GitLab says so, else as it is now. The merge base, of
// which it always tells, will not do: it can be a commit that an earlier merge
// request brought and changed again before it was merged.
func (j *gitlabJob) base(ctx context.Context, s *step) (commitReader, forge.Commitish, error) {
	at := forge.Commitish{Repository: forge.Repository{Name: s.about.Repository}, Commit: s.about.BaseID}
	from, err := j.origin(s)
	if err != nil || at.Commit != "" {
		return from, at, err
	}
	heads, err := from.Heads(ctx, []forge.Ref{{Repository: at.Repository, Branch: s.about.Base}})
	switch {
	case err != nil:
		return nil, at, err
	case len(heads) != 1 || heads[0] == "":
		return nil, at, fmt.Errorf("%s has no branch %q", at.Repository.Name, s.about.Base)
	}
	at.Commit = heads[0]
	return from, at, nil
}

// merges asks which merged bumps brought the pipeline's commit.
func (j *gitlabJob) merges(ctx context.Context, s *step) ([]forge.Merge, string, error) {
	if j.event.Project == "" || j.event.Commit == "" {
		return nil, "", usage(errors.New("on-merge needs CI_PROJECT_PATH and CI_COMMIT_SHA, as pipelines have them"))
	}
	from, err := j.origin(s)
	if err != nil {
		return nil, "", err
	}
	defer from.CloseIdle()
	all, err := from.MergedBy(ctx, j.event.Project, j.event.Commit)
	if err != nil {
		return nil, "", fmt.Errorf("ask which merge request brought %s: %w", j.event.Commit, err)
	}
	all = slices.DeleteFunc(all, func(m forge.Merge) bool {
		return m.Base != j.event.Branch || !strings.HasPrefix(m.Head, forge.BranchPrefix)
	})
	if len(all) == 0 {
		return nil, fmt.Sprintf("No merged bump brought %.10s.", j.event.Commit), nil
	}
	authors := s.in.BumpAuthors
	if len(authors) == 0 {
		account, err := from.Account(ctx)
		if err != nil {
			return nil, "", fmt.Errorf("ask whose the token is: %w", err)
		}
		authors = []string{account.Login}
	}
	bumps := slices.DeleteFunc(slices.Clone(all), func(m forge.Merge) bool {
		return !slices.ContainsFunc(authors, func(a string) bool { return a != "" && strings.EqualFold(a, m.Author) })
	})
	if len(bumps) == 0 {
		return nil, fmt.Sprintf("Merge request !%d is by %s, who is not among the bump-authors (%s).",
			all[0].Number, clean(all[0].Author), strings.Join(authors, ", ")), nil
	}
	return bumps, "", nil
}

// mergeConfig is the configuration of the checkout, which is the default
// branch's.
func (j *gitlabJob) mergeConfig(_ context.Context, s *step) (config.Config, error) {
	w, _, err := remoteConfig(s.options(), filepath.Join(s.workspace.Name(), filepath.FromSlash(s.in.Directory)))
	if err != nil {
		return config.Config{}, err
	}
	return w.config, nil
}

// origin returns the client for the GitLab that the pipeline runs on. It is
// shown the token, and nothing else that the run may not know.
func (j *gitlabJob) origin(s *step) (origin, error) {
	if s.in.Token == "" {
		return nil, usage(fmt.Errorf("%s is empty; it takes a project, group or personal access token with the scope api", s.job.Call("token")))
	}
	env := s.env
	env.Getenv = func(name string) string {
		switch name {
		case "BASEKEEPER_TOKEN":
			return s.in.Token
		case "CI_SERVER_URL", "CI_SERVER_TLS_CA_FILE", "CI_JOB_TOKEN": // the last to know it by
			return j.Getenv(name)
		}
		return ""
	}
	return newGitLab(env, remoteOptions{timeLimit: patience}, config.Config{})
}
