package bump

import (
	"context"
	"slices"

	"github.com/basekeeper/basekeeper/internal/config"
	"github.com/basekeeper/basekeeper/internal/forge"
	"github.com/basekeeper/basekeeper/internal/image"
	"github.com/basekeeper/basekeeper/internal/plan"
	"github.com/basekeeper/basekeeper/internal/render"
)

// hint reads what our own text in a pull request says.
func hint(body string) plan.Hint {
	state, _ := render.DecodeState(body)
	return plan.Hint{Digests: state.Digests, HandsOff: state.HandsOff, Begun: state.Begun, Gone: state.Gone, Refresh: render.Refresh(body)}
}

// dress says how a pull request looks.
func (g *gathering) dress(p *plan.Pull) {
	if len(p.Bumps) == 0 {
		return
	}
	begun := g.run.seen[plan.Branch{Repository: p.Repository, Name: p.Branch}].Hint.Begun
	if g.Flavor == forge.GitLab && g.run.Plan.Repairs(*p) { // all but automerge is there from the start
		begun = false
	}
	if p.Step == plan.Create || p.Step == plan.Update || p.Step == plan.Finish && begun {
		g.ask(p)
	}
	request := g.run.request(*p)
	request.Template = g.template(*p)
	p.Title, p.Message = render.Message(request)
}

// ask adds what the policies of a pull request's images ask for, together.
func (g *gathering) ask(p *plan.Pull) {
	for n, i := range p.Bumps {
		b := g.run.Plan.Bumps[i]
		policy := g.run.projects[p.Repository].config.Policy(b.Ref())
		p.Labels = join(p.Labels, policy.Labels)
		p.Reviewers = join(p.Reviewers, policy.Reviewers)
		p.Assignees = join(p.Assignees, policy.Assignees)
		p.Draft = p.Draft || policy.Draft
		switch {
		case n == 0:
			p.AutoMerge = policy.AutoMerge
		case p.AutoMerge != policy.AutoMerge: // they do not agree
			p.AutoMerge = ""
		}
	}
	if g.run.Plan.Repairs(*p) { // a person has to see what broke
		p.AutoMerge = ""
	}
}

// template is the message's, where all images of the pull request have the
// same.
func (g *gathering) template(p plan.Pull) config.Message {
	var template config.Message
	for n, i := range p.Bumps {
		own := g.run.projects[p.Repository].config.Policy(g.run.Plan.Bumps[i].Ref()).CommitMessage
		if n > 0 && own.String() != template.String() {
			return config.Message{}
		}
		template = own
	}
	return template
}

// join appends what is not there yet.
func join(to, from []string) []string {
	for _, s := range from {
		if !slices.Contains(to, s) {
			to = append(to, s)
		}
	}
	return to
}

// request is what the text of a pull request is made from, the images' details
// left out.
func (r Run) request(p plan.Pull) render.Request {
	request := render.Request{
		Flavor: r.Plan.Flavor, Repository: p.Repository, BaseBranch: p.Base, HeadBranch: p.Branch, AutoMerge: p.AutoMerge != "", Refresh: true,
	}
	if project, ok := r.projects[p.Repository]; ok {
		request.NoMerge = project.NoAutoMerge
	}
	for _, i := range p.Bumps {
		request.Changes = append(request.Changes, render.Change{Bump: r.Plan.Bumps[i]})
	}
	return request
}

// described is the same with what the images say about themselves. An image
// that cannot be asked is written about with less.
func (f Remote) described(ctx context.Context, r Run, p plan.Pull) render.Request {
	request := r.request(p)
	request.Home = f.Home
	for i := range request.Changes {
		c := &request.Changes[i]
		ref := c.Ref().Tagged("")
		if c.From != "" && !c.Gone {
			c.Old = f.about(ctx, r, ref.Pinned(c.From))
		}
		c.New = f.about(ctx, r, ref.Pinned(c.To))
	}
	return request
}

// about asks once in a run what an image says about itself; nil where that
// cannot be learned.
func (f Remote) about(ctx context.Context, r Run, ref image.Reference) *image.Details {
	if f.Details == nil {
		return nil
	}
	if known, ok := r.details[ref]; ok {
		return known
	}
	var said *image.Details
	if d, err := f.Details.Details(ctx, ref); err == nil {
		said = &d
	}
	r.details[ref] = said
	return said
}
