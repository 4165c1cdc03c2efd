package bump

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/basekeeper/basekeeper/internal/cache"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
	"github.com/basekeeper/basekeeper/internal/scan"
)

// Pulled is what became of one pull request of a plan.
type Pulled struct {
	Pull     plan.Pull // with number and URL, where there is one now
	Done     bool      // the step was carried out
	Lost     string    // somebody else changed the same first, as this says; the next run looks again
	Signed   bool      // the forge signed the commit
	Warnings []string  // what could not be done besides
	Err      error     // why the step was not carried out
}

// Apply carries out the plan of a run: its pull requests in their order, one
// after the other. It ends early where the forge's limits or ctx do; what was
// not done then has an error. The outcomes are in the order of the plan, those
// that are kept or left among them.
func (f Remote) Apply(ctx context.Context, r Run) []Pulled {
	all := make([]Pulled, 0, len(r.Plan.Pulls))
	var ended error
	for some := range slices.Chunk(r.Plan.Pulls, together) {
		files, errs, err := f.contents(ctx, r, some)
		for i, p := range some {
			done := Pulled{Pull: p}
			switch {
			case !p.Step.Writes():
			case ended != nil:
				done.Err = fmt.Errorf("%s: %s: not done in this run: %w", p.Repository, p.Branch, ended)
			case err != nil:
				done.Err = fmt.Errorf("%s: %s: read the files to change: %w", p.Repository, p.Branch, err)
			case errs[i] != nil:
				done.Err = errs[i]
			default:
				done = f.carryOut(ctx, r, p, files[i])
			}
			if ended == nil && (ctx.Err() != nil || errors.Is(done.Err, forge.ErrLimited)) {
				ended = errors.Join(ctx.Err(), limit(done.Err))
			}
			all = append(all, done)
		}
	}
	return all
}

// limit returns err where it is the forge's limit.
func limit(err error) error {
	if errors.Is(err, forge.ErrLimited) {
		return forge.ErrLimited
	}
	return nil
}

// carryOut does one step.
func (f Remote) carryOut(ctx context.Context, r Run, p plan.Pull, files []forge.NewFile) Pulled {
	done := Pulled{Pull: p}
	repository := r.projects[p.Repository].Repository
	branch := r.seen[plan.Branch{Repository: p.Repository, Name: p.Branch}].Branch
	var err error
	switch p.Step {
	case plan.Create, plan.Update, plan.Finish:
		err = f.propose(ctx, r, &done, files)
	case plan.Close:
		body, comment := render.Closing(f.Flavor, branch.Pull.Body, p.Reason)
		err = f.Forge.Close(ctx, repository, *branch.Pull, branch.Head.ID, body, comment)
	case plan.Note:
		body, comment := render.HandsOff(f.Flavor, branch.Pull.Body)
		err = f.Forge.Note(ctx, repository, *branch.Pull, body, comment)
	}
	switch {
	case err == nil:
		done.Done = true
	case errors.Is(err, forge.ErrMoved):
		done.Lost = err.Error()
	default:
		done.Err = fmt.Errorf("%s: %s %s from %s: %w", p.Repository, p.Step, f.Flavor.Noun(), p.Branch, err)
	}
	return done
}

// propose makes a pull request or moves one on.
func (f Remote) propose(ctx context.Context, r Run, done *Pulled, files []forge.NewFile) error {
	p := &done.Pull
	if len(files) == 0 && p.Step != plan.Finish {
		return fmt.Errorf("%w: %s has the new content already", forge.ErrMoved, p.Base)
	}
	proposal := forge.Proposal{
		Repository: r.projects[p.Repository].Repository, Base: p.Base, BaseID: r.head(*p), Branch: p.Branch, BranchID: p.BranchID,
		Files: files, Title: p.Title, Message: p.Message,
		Labels: p.Labels, Reviewers: p.Reviewers, Assignees: p.Assignees, Draft: p.Draft, AutoMerge: p.AutoMerge,
		TakeBack: r.Plan.Repairs(*p),
	}
	seen := r.seen[plan.Branch{Repository: p.Repository, Name: p.Branch}]
	if seen.Branch != nil {
		proposal.Pull = seen.Branch.Pull
	}
	request := f.described(ctx, r, *p)
	proposal.Body = render.PullRequest(request).Body
	anew := f.Flavor == forge.GitLab && p.AutoMerge != "" // GitLab takes it back where the branch moves
	if p.Step == plan.Finish || wishes(*p) && (proposal.Pull == nil || seen.Hint.Begun || anew) {
		request.State.Begun = true
		proposal.Begun = render.PullRequest(request).Body
	}
	got, err := f.Forge.Propose(ctx, proposal)
	if err != nil {
		return err
	}
	p.Number, p.URL = got.Pull.Number, got.Pull.URL
	done.Signed, done.Warnings = got.Signed, got.Warnings
	if !got.Signed && len(files) > 0 && f.Flavor == forge.GitHub { // on GitLab that is the instance's matter, not the token's
		done.Warnings = append(done.Warnings, "the forge did not sign the commit; with the token of an App it does")
	}
	f.known(*p, got.Commit, r.Plan, files)
	return nil
}

// wishes reports whether there is more to a pull request than its content.
func wishes(p plan.Pull) bool {
	return len(p.Labels)+len(p.Reviewers)+len(p.Assignees) > 0 || p.AutoMerge != ""
}

// known remembers what the branch holds now, so that the next run need not
// read it.
func (f Remote) known(p plan.Pull, commit string, in plan.Plan, files []forge.NewFile) {
	paths := paths(in, p)
	if commit == "" || len(files) != len(paths) {
		return
	}
	h := cache.Head{Commit: commit, Reader: sightReader(paths)}
	for _, path := range paths {
		i := slices.IndexFunc(files, func(file forge.NewFile) bool { return file.Path == path })
		if i < 0 {
			return
		}
		occurrences, _ := scan.File(scan.Source{Path: path, Blob: forge.BlobID(files[i].Content), Content: files[i].Content})
		h.Occurrences = append(h.Occurrences, occurrences...)
	}
	f.Heads.PutHead(p.Repository, p.Branch, h)
}
